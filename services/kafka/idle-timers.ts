import RequestQueue from "kafkajs/src/network/requestQueue";

const RETRY_MS = 10;

/**
 * An idle connection of kafkajs 2.2.4 wakes about 900 times a second, with negative delays that newer Node versions
 * warn about (https://github.com/tulios/kafkajs/pull/1667). A check is due only while requests wait.
 */
export function quietIdleTimers(): void {
  RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleCheckPendingRequests() {
    if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      },
      Math.max(this.throttledUntil - Date.now(), RETRY_MS),
    );
  };
}
