// Value tiles of one layer: what is in memory, what is wanted, and what is under way to that end.
//
// Nobody asks for a tile; each display says what it wants, most urgent first, and says so again when that changes. What
// nobody wants any more is cancelled, and what is wanted less urgently waits until nothing else does, in any layer.

import { ByteCache } from "./tile-cache";
import { decodeTile, EMPTY, type ValueTile } from "./value-tile";

/** `[slice, z, x, y]` */
export type TileKey = [number, number, number, number];

export interface Wanted {
  /** Key of the source in requests. */
  source: string;
  /** Revision of the source: the same values, in another quality. */
  revision: number;
  tile: TileKey;
  /** 0: someone waits for it. */
  priority: number;
}

export type Fetch = (source: string, tiles: TileKey[], signal: AbortSignal) => Promise<readonly Uint8Array[]>;

interface Batch {
  readonly keys: string[];
  readonly controller: AbortController;
}

/** What all layers of the page share, whichever copy of this module they were loaded with. */
interface Worker {
  /** Priority of the most urgent tiles not yet under way; Infinity without any. */
  urgency(): number;
  /** Starts one request. */
  start(): Promise<void>;
}

interface Page {
  workers: Set<Worker>;
  running: number;
  /** When what was waited for came last. */
  last: number;
  timer: ReturnType<typeof setTimeout> | undefined;
  pump(): void;
}

const PAGE = Symbol.for("insar_widgets.tiles.page");
const AT_ONCE = 3;
/** Tiles of a request: of what is waited for, and of what is only foreseen, which must soon be out of the way. */
const BATCH = [16, 6] as const;
/** Milliseconds after what was waited for before more is foreseen. */
const REST = 60;
const RETRY_AFTER = 10_000;

function thePage(): Page {
  const holder = globalThis as unknown as Record<symbol, Page | undefined>;
  const known = holder[PAGE];
  if (known) return known;
  const page: Page = {
    workers: new Set(),
    running: 0,
    last: -Infinity,
    timer: undefined,
    pump() {
      for (;;) {
        const next = [...page.workers].reduce<Worker | null>(
          (best, worker) => (worker.urgency() < (best?.urgency() ?? Infinity) ? worker : best),
          null,
        );
        if (!next) return;
        const waitedFor = next.urgency() === 0;
        // What is only foreseen goes one by one, so that it never stands before what is waited for,
        if (page.running >= (waitedFor ? AT_ONCE : 1)) return;
        // and not while the page draws what has just come.
        const early = waitedFor ? 0 : page.last + REST - performance.now();
        if (early > 0) {
          page.timer ??= setTimeout(() => {
            page.timer = undefined;
            page.pump();
          }, early + 1);
          return;
        }
        page.running += 1;
        page.workers.delete(next);
        page.workers.add(next); // the others of the same urgency are next
        void next.start().finally(() => {
          page.running -= 1;
          if (waitedFor) page.last = performance.now();
          page.pump();
        });
      }
    },
  };
  holder[PAGE] = page;
  return page;
}

export function tileName({ source, revision, tile }: Omit<Wanted, "priority">): string {
  return `${source}@${revision}/${tile.join("/")}`;
}

export class TileStore implements Worker {
  readonly #cache: ByteCache<ValueTile>;
  readonly #wants = new Map<object, readonly Wanted[]>();
  readonly #running = new Map<string, Batch>();
  readonly #failed = new Map<string, number>();
  #queue: (Wanted & { name: string })[] = [];
  /** Tiles of a request of what is waited for. */
  #share = 1;
  readonly #page = thePage();

  /**
   * @param fetch asks the kernel for tiles of one source; rejects in words
   * @param budget bytes kept
   * @param changed tiles have arrived
   * @param failed asking has failed (an Error), or works again (null)
   */
  constructor(
    private readonly fetch: Fetch,
    budget: number,
    private readonly changed: () => void,
    private readonly failed: (error: unknown) => void,
  ) {
    this.#cache = new ByteCache(budget);
    this.#page.workers.add(this);
  }

  get bytes(): number {
    return this.#cache.bytes;
  }

  get budget(): number {
    return this.#cache.budget;
  }

  get(wanted: Omit<Wanted, "priority">): ValueTile | undefined {
    return this.#cache.get(tileName(wanted));
  }

  has(wanted: Omit<Wanted, "priority">): boolean {
    return this.#cache.has(tileName(wanted));
  }

  /** Replaces what `owner` wants. */
  want(owner: object, wanted: readonly Wanted[]): void {
    if (wanted.length > 0) this.#wants.set(owner, wanted);
    else this.#wants.delete(owner);
    const all = new Map<string, Wanted & { name: string }>();
    for (const list of this.#wants.values()) {
      for (const one of list) {
        const name = tileName(one);
        const known = all.get(name);
        if (!known || one.priority < known.priority) all.set(name, { ...one, name });
      }
    }
    for (const batch of new Set(this.#running.values())) {
      if (!batch.keys.some((name) => all.has(name))) batch.controller.abort();
    }
    // What failed and is not wanted any more is no news.
    const before = this.#failed.size;
    for (const name of this.#failed.keys()) if (!all.has(name)) this.#failed.delete(name);
    if (before > 0 && this.#failed.size === 0) this.failed(null);
    const now = performance.now();
    this.#queue = [...all.values()]
      .filter(
        ({ name }) =>
          !this.#cache.has(name) &&
          !this.#running.has(name) &&
          now - (this.#failed.get(name) ?? -Infinity) > RETRY_AFTER,
      )
      .sort((a, b) => a.priority - b.priority);
    // Equal shares: each request smaller than the one before would mean many, one waiting for the other.
    const urgent = this.#queue.filter(({ priority }) => priority === 0).length;
    this.#share = Math.max(1, Math.min(BATCH[0], Math.ceil(urgent / AT_ONCE)));
    this.#page.pump();
  }

  /** Forgets what failed; the next `want` asks for it again. */
  retry(): void {
    this.#failed.clear();
  }

  urgency(): number {
    return this.#queue[0]?.priority ?? Infinity;
  }

  async start(): Promise<void> {
    const first = this.#queue[0];
    if (!first) return;
    // Few enough that several requests share the work, and that what is cancelled is soon out of the way.
    const { source, revision, priority } = first;
    const same = this.#queue.filter(
      (one) => one.source === source && one.revision === revision && one.priority === priority,
    );
    const taken = same.slice(0, priority === 0 ? this.#share : BATCH[1]);
    const names = new Set(taken.map(({ name }) => name));
    this.#queue = this.#queue.filter(({ name }) => !names.has(name));
    const batch: Batch = { keys: [...names], controller: new AbortController() };
    for (const name of batch.keys) this.#running.set(name, batch);
    try {
      const buffers = await this.fetch(
        source,
        taken.map(({ tile }) => tile),
        batch.controller.signal,
      );
      taken.forEach(({ name }, n) => {
        const bytes = buffers[n];
        this.#cache.set(name, bytes ? decodeTile(bytes) : EMPTY);
        this.#failed.delete(name);
      });
      if (this.#failed.size === 0) this.failed(null);
    } catch (error) {
      if (!batch.controller.signal.aborted) {
        for (const name of batch.keys) this.#failed.set(name, performance.now());
        this.failed(error);
        setTimeout(this.changed, RETRY_AFTER + 100); // whoever wants it then, asks for it again
      }
    } finally {
      for (const name of batch.keys) this.#running.delete(name);
      this.changed();
    }
  }

  dispose(): void {
    this.#wants.clear();
    this.#queue = [];
    for (const batch of new Set(this.#running.values())) batch.controller.abort();
    this.#page.workers.delete(this);
    this.#cache.clear();
  }
}
