// How long to wait before the next attempt: exponential with full jitter, so that many clients that were
// cut at once do not come back at once.
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

const FIRST = 500;
const LONGEST = 30_000;

/** How long a connection has to last before its end counts as the first, in milliseconds. */
export const HEALTHY = 10_000;

/** Counts the attempts in a row that came to nothing. */
export class Backoff {
  failures = 0;

  /** Counts one more, and says how many milliseconds to wait. */
  next(): number {
    const ceiling = Math.min(LONGEST, FIRST * 2 ** this.failures);
    this.failures += 1;
    return Math.random() * ceiling;
  }

  reset(): void {
    this.failures = 0;
  }
}
