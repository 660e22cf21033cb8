import { followJobs, followRuns } from "./live.js";

followRuns();
followJobs();
