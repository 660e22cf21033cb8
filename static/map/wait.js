// The map before there is one: follow the job that draws it.

import { followJobs } from "../live.js";

followJobs();
