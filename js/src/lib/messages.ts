// Requests to the kernel. The other side is src/insar_widgets/widgets/_messages.py, which describes the wire.

import type { AnyModel } from "@anywidget/types";

/** One entry a kind of request: what goes up and what comes back. */
export type Api<A> = { [K in keyof A]: { payload: unknown; answer: unknown } };

export interface Answered<T> {
  readonly payload: T;
  readonly buffers: readonly Uint8Array[];
}

export interface RequestOptions {
  /** Gives up, and tells the kernel so. */
  signal?: AbortSignal;
  /** Milliseconds without answer or progress after which the request fails; 0 waits for ever. */
  timeout?: number;
  onProgress?: (note: unknown) => void;
  buffers?: ArrayBuffer[];
}

/** An answer that is an error: what happened and what to do, both in words. */
export class RequestError extends Error {
  constructor(
    message: string,
    readonly remedy = "",
    readonly cancelled = false,
  ) {
    super(message);
    this.name = "RequestError";
  }
}

type Channel = Pick<AnyModel, "on" | "off" | "send">;

interface Pending {
  receive(message: Record<string, unknown>, buffers: readonly DataView[]): void;
  fail(error: RequestError): void;
}

const DEFAULT_TIMEOUT = 60_000;

/** Over loopback small answers would be held back for 40 ms; why, and what the kernel does, `_messages.py` says. */
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Random and not `crypto.randomUUID`, which browsers withhold from plain http pages. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("-");
}

/** The bytes of a message's buffer: it may be a window on a larger one. */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function asError(value: unknown): RequestError {
  const error = isRecord(value) ? value : {};
  return new RequestError(
    typeof error.message === "string" ? error.message : "The kernel answered with an error of no words.",
    typeof error.remedy === "string" ? error.remedy : "",
    error.cancelled === true,
  );
}

export class Requests<A extends Api<A>> {
  readonly #pending = new Map<string, Pending>();
  readonly #listener: (message: unknown, buffers: DataView[]) => void;

  constructor(private readonly model: Channel) {
    this.#listener = (message, buffers) => {
      if (!isRecord(message) || typeof message.id !== "string") return;
      this.#pending.get(message.id)?.receive(message, buffers);
    };
    model.on("msg:custom", this.#listener);
  }

  request<K extends keyof A & string>(
    kind: K,
    payload: A[K]["payload"],
    { signal, timeout = DEFAULT_TIMEOUT, onProgress, buffers = [] }: RequestOptions = {},
  ): Promise<Answered<A[K]["answer"]>> {
    const id = newId();
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        this.#pending.delete(id);
      };
      const fail = (error: RequestError): void => {
        settle();
        reject(error);
      };
      const giveUp = (error: RequestError): void => {
        try {
          this.model.send({ id, cancel: true });
        } catch {
          // the kernel is gone, and what it worked on with it
        }
        fail(error);
      };
      const abort = (): void => {
        giveUp(new RequestError("Cancelled.", "", true));
      };
      const wait = (): void => {
        clearTimeout(timer);
        if (timeout <= 0) return;
        timer = setTimeout(() => {
          giveUp(
            new RequestError(
              `The kernel has not answered for ${Math.round(timeout / 1000)} s.`,
              "It may be busy with a cell or may have stopped: wait or restart it, then try again.",
            ),
          );
        }, timeout);
      };
      if (signal?.aborted) {
        reject(new RequestError("Cancelled.", "", true));
        return;
      }
      signal?.addEventListener("abort", abort);
      this.#pending.set(id, {
        fail,
        receive: (message, parts) => {
          if ("progress" in message) {
            wait();
            onProgress?.(message.progress);
          } else if (message.ok === true) {
            settle();
            const own = message.padding === true ? parts.slice(0, -1) : parts;
            resolve({ payload: message.payload as A[K]["answer"], buffers: own.map(bytesOf) });
          } else {
            fail(asError(message.error));
          }
        },
      });
      wait();
      const prompt = LOOPBACK.test(location.hostname);
      this.model.send(prompt ? { id, kind, payload, prompt } : { id, kind, payload }, undefined, buffers);
    });
  }

  /** Ends what is open and stops listening. */
  dispose(): void {
    this.model.off("msg:custom", this.#listener);
    for (const pending of [...this.#pending.values()]) {
      pending.fail(new RequestError("Closed.", "", true));
    }
  }
}

/** Runs only the newest of several requests: asking again cancels the one before. */
export class Latest {
  #controller: AbortController | undefined;

  next(): AbortSignal {
    this.#controller?.abort();
    this.#controller = new AbortController();
    return this.#controller.signal;
  }

  cancel(): void {
    this.#controller?.abort();
    this.#controller = undefined;
  }
}
