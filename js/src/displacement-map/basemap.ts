// What lies under the layer. The relief is the stack's own; the others come from the internet, and say so if they don't.

import type * as Leaflet from "leaflet";
import type { Basemap, Context } from "./api";

const ONLINE: Partial<Record<Basemap, { url: string; credit: string; deepest: number }>> = {
  satellite: {
    url: "https://server.arcgisonline.com/ArcGIS/rest/services/World_Imagery/MapServer/tile/{z}/{y}/{x}",
    credit: "Imagery: Esri, Maxar, Earthstar Geographics and the GIS user community",
    deepest: 17,
  },
  topographic: {
    url: "https://{s}.tile.opentopomap.org/{z}/{x}/{y}.png",
    credit: "Map: OpenTopoMap (CC-BY-SA), data: OpenStreetMap contributors, SRTM",
    deepest: 17,
  },
};

export interface Ground {
  /** Words for the line of provenance: whose map it is, and what failed. */
  credit(): string;
  /** Draws it as it is seen, for a picture. */
  drawTo(context: CanvasRenderingContext2D): void;
}

export function ground(context: Context, changed: () => void): Ground {
  const { model, shown } = context;
  const { L, map, signal } = shown;
  let relief: Leaflet.ImageOverlay | undefined;
  let tiles: Leaflet.TileLayer | undefined;
  let url = "";
  let words = "";
  let wanted = "";

  async function showRelief(): Promise<void> {
    const key = `${model.get("_about").folder ?? ""} ${model.get("_revision")}`;
    if (key === wanted && relief) {
      relief.addTo(map);
      return;
    }
    wanted = key;
    const { payload, buffers } = await context.requests.request("relief", null, { signal });
    const [png] = buffers;
    if (key !== wanted) return;
    relief?.remove();
    relief = undefined;
    if (!payload.bounds || !png) {
      words = "There is no height layer, so no relief is drawn";
      changed();
      return;
    }
    const [south, west, north, east] = payload.bounds;
    URL.revokeObjectURL(url);
    url = URL.createObjectURL(new Blob([new Uint8Array(png)], { type: "image/png" }));
    relief = L.imageOverlay(
      url,
      [
        [south, west],
        [north, east],
      ],
      { pane: "tilePane", className: "dm-relief" },
    );
    if (model.get("basemap") !== "plain") relief.addTo(map);
  }

  function update(): void {
    const now = model.get("basemap");
    words = "";
    tiles?.remove();
    tiles = undefined;
    if (now === "plain") relief?.remove();
    else showRelief().catch(() => undefined); // a map without relief is one
    const online = ONLINE[now];
    if (online) {
      words = online.credit;
      let failed = 0;
      let loaded = 0;
      tiles = L.tileLayer(online.url, {
        maxNativeZoom: online.deepest,
        maxZoom: 20,
        crossOrigin: "anonymous",
      });
      tiles.on("tileload", () => {
        loaded++;
      });
      tiles.on("tileerror", () => {
        failed++;
        if (loaded > 0 || failed !== 2) return;
        words = `The basemap ${now} can't be loaded (no internet, or its server is down), so the hillshade is shown`;
        changed();
      });
      tiles.addTo(map);
    }
    changed();
  }

  signal.addEventListener("abort", () => {
    URL.revokeObjectURL(url);
  });
  context.watch(["basemap", "_revision"], update);
  return {
    credit: () => words,
    drawTo(canvas) {
      const box = map.getContainer().getBoundingClientRect();
      const images = map.getPane("tilePane")?.querySelectorAll<HTMLImageElement>("img") ?? [];
      for (const image of images) {
        if (!image.complete || image.naturalWidth === 0) continue;
        const { left, top, width, height } = image.getBoundingClientRect();
        canvas.drawImage(image, left - box.left, top - box.top, width, height);
      }
    },
  };
}
