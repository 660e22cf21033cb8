import { followRuns } from "./live.js";

followRuns();
