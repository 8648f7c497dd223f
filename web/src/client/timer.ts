// Something that is to be done later, once, unless it is called off.

export class Timer {
  #id: ReturnType<typeof setTimeout> | undefined;

  get isSet(): boolean {
    return this.#id !== undefined;
  }

  /** In so many milliseconds, and instead of what was to be done before. */
  set(milliseconds: number, act: () => void): void {
    this.clear();
    this.#id = setTimeout(() => {
      this.#id = undefined;
      act();
    }, milliseconds);
  }

  /** The same, unless something is to be done already. */
  setOnce(milliseconds: number, act: () => void): void {
    if (!this.isSet) this.set(milliseconds, act);
  }

  clear(): void {
    clearTimeout(this.#id);
    this.#id = undefined;
  }
}
