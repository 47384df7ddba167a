import { daemonOptions } from "./services/runtime/daemon";

export default daemonOptions;
