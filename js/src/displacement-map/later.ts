// Traits that are drawn at once and of which Python hears a little later, so that dragging costs few messages.

import type { AnyModel } from "@anywidget/types";

type Traits = Record<string, unknown>;

const TELL_AFTER = 120; // ms

/** What the kernel echoes of an earlier change, while a later one waits to be told, does not undo that one. */
export class Later {
  static readonly #known = new WeakMap<AnyModel<Traits>, Later>();
  readonly #waiting = new Map<string, unknown>();
  readonly #held = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  private constructor(private readonly model: AnyModel<Traits>) {}

  /** That of a model, which all displays share. */
  static of(model: unknown): Later {
    const key = model as AnyModel<Traits>;
    const known = Later.#known.get(key) ?? new Later(key);
    Later.#known.set(key, known);
    return known;
  }

  set(changes: object): void {
    for (const [trait, value] of Object.entries(changes)) {
      this.#waiting.set(trait, value);
      this.#hold(trait);
      this.model.set(trait, value);
    }
    this.#timer ??= setTimeout(() => {
      this.flush();
    }, TELL_AFTER);
  }

  /** Tells Python now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting.clear();
    this.model.save_changes();
  }

  get waits(): boolean {
    return this.#timer !== undefined;
  }

  #hold(trait: string): void {
    if (this.#held.has(trait)) return;
    this.#held.add(trait);
    this.model.on(`change:${trait}`, () => {
      const mine = this.#waiting.get(trait);
      if (this.#waiting.has(trait) && this.model.get(trait) !== mine) this.model.set(trait, mine);
    });
  }
}
