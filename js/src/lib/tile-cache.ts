// What was used longest ago goes first, once the whole is larger than the budget.

export class ByteCache<T extends { readonly bytes: number }> {
  readonly #items = new Map<string, T>();
  #bytes = 0;

  constructor(readonly budget: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#items.size;
  }

  /** Whether it is here; looking does not count as use. */
  has(key: string): boolean {
    return this.#items.has(key);
  }

  get(key: string): T | undefined {
    const item = this.#items.get(key);
    if (item) {
      this.#items.delete(key);
      this.#items.set(key, item);
    }
    return item;
  }

  set(key: string, item: T): void {
    this.delete(key);
    this.#items.set(key, item);
    this.#bytes += item.bytes;
    for (const oldest of this.#items.keys()) {
      if (this.#bytes <= this.budget || oldest === key) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const item = this.#items.get(key);
    if (!item) return;
    this.#items.delete(key);
    this.#bytes -= item.bytes;
  }

  clear(): void {
    this.#items.clear();
    this.#bytes = 0;
  }
}
