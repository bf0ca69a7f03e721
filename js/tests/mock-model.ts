import type { AnyModel } from "@anywidget/types";

type Listener = (...args: unknown[]) => void;

export interface Sent {
  content: Record<string, unknown>;
  buffers: readonly unknown[];
}

/** Stands in for the kernel's side of a widget: state, and the messages that were sent. */
export class MockModel<T extends Record<string, unknown> = Record<string, unknown>> {
  readonly sent: Sent[] = [];
  saved = 0;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #state: T;
  readonly widget_manager = {
    get_model: (): Promise<never> => Promise.reject(new Error("no such model in this test")),
  };

  constructor(state: T) {
    this.#state = { ...state };
  }

  get<K extends keyof T>(key: K): T[K] {
    return this.#state[key];
  }

  set<K extends keyof T>(key: K, value: T[K]): void {
    this.#state[key] = value;
    this.emit(`change:${String(key)}`);
  }

  save_changes(): void {
    this.saved += 1;
  }

  on(event: string, callback: Listener): void {
    const set = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, set.add(callback));
  }

  off(event?: string | null, callback?: Listener | null): void {
    if (event && callback) this.#listeners.get(event)?.delete(callback);
  }

  send(content: unknown, _callbacks?: unknown, buffers: readonly unknown[] = []): void {
    this.sent.push({ content: content as Record<string, unknown>, buffers });
  }

  emit(event: string, ...args: unknown[]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(...args);
  }

  listeners(): number {
    return [...this.#listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }

  /** The last request of a kind. */
  request(kind: string): Record<string, unknown> {
    const found = this.sent.findLast((sent) => sent.content.kind === kind);
    if (!found) throw new Error(`nothing of kind ${kind} was sent`);
    return found.content;
  }

  /** Answers the last request of a kind. */
  answer(kind: string, payload: unknown, buffers: DataView[] = []): void {
    this.emit("msg:custom", { id: this.request(kind).id, ok: true, payload }, buffers);
  }

  asModel(): AnyModel<T> {
    return this as unknown as AnyModel<T>;
  }
}
