import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Latest, RequestError, Requests } from "../src/lib/messages";
import { MockModel } from "./mock-model";

interface TestApi {
  double: { payload: number; answer: { n: number } };
}

let model: MockModel;
let requests: Requests<TestApi>;

beforeEach(() => {
  model = new MockModel({});
  requests = new Requests<TestApi>(model.asModel());
});

afterEach(() => {
  vi.useRealTimers();
});

function idOf(kind: string): unknown {
  return model.request(kind).id;
}

test("an answer resolves its own request, in any order", async () => {
  const first = requests.request("double", 1);
  const one = idOf("double");
  const second = requests.request("double", 2);
  model.answer("double", { n: 4 });
  model.emit("msg:custom", { id: one, ok: true, payload: { n: 2 } }, []);
  expect((await first).payload.n).toBe(2);
  expect((await second).payload.n).toBe(4);
});

test("a buffer that is a window on a larger one is read at its offset and length", async () => {
  const whole = new Uint8Array([9, 9, 1, 2, 3, 9]);
  const answer = requests.request("double", 1);
  model.answer("double", {}, [new DataView(whole.buffer, 2, 3)]);
  expect(Array.from((await answer).buffers[0] ?? [])).toEqual([1, 2, 3]);
});

test("an error of the kernel keeps its words and its remedy", async () => {
  const answer = requests.request("double", 1);
  model.emit(
    "msg:custom",
    { id: idOf("double"), ok: false, error: { message: "No.", remedy: "Do that." } },
    [],
  );
  await expect(answer).rejects.toMatchObject({ message: "No.", remedy: "Do that.", cancelled: false });
});

test("silence ends in a sentence, and the kernel is told to stop", async () => {
  vi.useFakeTimers();
  const answer = requests.request("double", 1, { timeout: 5000 });
  const failed = expect(answer).rejects.toThrow("has not answered for 5 s");
  await vi.advanceTimersByTimeAsync(5001);
  await failed;
  expect(model.sent.at(-1)?.content).toEqual({ id: idOf("double"), cancel: true });
});

test("progress is passed on and counts as a sign of life", async () => {
  vi.useFakeTimers();
  const notes: unknown[] = [];
  const answer = requests.request("double", 1, { timeout: 5000, onProgress: (note) => notes.push(note) });
  await vi.advanceTimersByTimeAsync(4000);
  model.emit("msg:custom", { id: idOf("double"), progress: { done: 1 } }, []);
  await vi.advanceTimersByTimeAsync(4000);
  model.answer("double", { n: 2 });
  expect((await answer).payload.n).toBe(2);
  expect(notes).toEqual([{ done: 1 }]);
});

test("the newest request cancels the one before it", async () => {
  const latest = new Latest();
  const first = requests.request("double", 1, { signal: latest.next() });
  const one = idOf("double");
  const second = requests.request("double", 2, { signal: latest.next() });
  await expect(first).rejects.toMatchObject({ cancelled: true });
  expect(model.sent.map((sent) => sent.content)).toContainEqual({ id: one, cancel: true });
  model.answer("double", { n: 4 });
  expect((await second).payload.n).toBe(4);
});

test("an answer that comes too late is dropped", async () => {
  const controller = new AbortController();
  const answer = requests.request("double", 1, { signal: controller.signal });
  controller.abort();
  await expect(answer).rejects.toBeInstanceOf(RequestError);
  expect(() => {
    model.answer("double", { n: 2 });
  }).not.toThrow();
});

test("closing ends what is open and leaves no listener", async () => {
  const answer = requests.request("double", 1);
  requests.dispose();
  await expect(answer).rejects.toMatchObject({ cancelled: true });
  expect(model.listeners()).toBe(0);
});

test("a page on loopback says so, and what only fills its answers up is dropped", async () => {
  vi.stubGlobal("location", { hostname: "127.0.0.1" });
  const answer = requests.request("double", 1);
  vi.unstubAllGlobals();
  const sent = model.sent.at(-1)?.content as { id: string; prompt?: boolean };
  expect(sent.prompt).toBe(true);
  const parts = [new DataView(new ArrayBuffer(3)), new DataView(new ArrayBuffer(66_000))];
  model.emit("msg:custom", { id: sent.id, ok: true, payload: { n: 2 }, padding: true }, parts);
  expect((await answer).buffers.map((part) => part.byteLength)).toEqual([3]);
  vi.stubGlobal("location", { hostname: "hub.example.org" });
  void requests.request("double", 1).catch(() => undefined);
  vi.unstubAllGlobals();
  expect(model.sent.at(-1)?.content).not.toHaveProperty("prompt");
});
