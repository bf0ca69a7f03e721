// A zip that comes in parts over the widget's own channel, so that it works wherever the widget does.

import type { Context } from "./api";

/** Fetches it and hands it to the browser; tells how many bytes are there. */
export async function download(
  context: Context,
  signal: AbortSignal,
  tell: (got: number, all: number) => void,
): Promise<string> {
  const { requests } = context;
  const { payload } = await requests.request("download", null, { signal });
  const parts: BlobPart[] = [];
  let got = 0;
  for (;;) {
    const answer = await requests.request("part", { token: payload.token }, { signal });
    if (answer.payload.done) break;
    for (const part of answer.buffers) {
      got += part.byteLength;
      parts.push(new Blob([part as Uint8Array<ArrayBuffer>])); // the browser may put it on disk
    }
    tell(got, payload.bytes);
  }
  const address = URL.createObjectURL(new Blob(parts, { type: "application/zip" }));
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = payload.name;
  anchor.click();
  setTimeout(() => {
    URL.revokeObjectURL(address);
  }, 60_000);
  return payload.name;
}
