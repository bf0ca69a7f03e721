// What the layer's kernel side syncs: src/insar_widgets/widgets/gnss_layer.py.

export interface StationInfo {
  name: string;
  lon: number;
  lat: number;
  height: number | null;
  xyz: [number, number, number] | null;
  /** Dates are YYYY-MM-DD. */
  begin: string;
  end: string;
  modified: string;
  solutions: number;
  original: string;
  usable: boolean;
  reason: string;
  own: boolean;
}

export interface Filter {
  name: string;
  /** YYYYMMDD or YYYY-MM-DD that the series covers. */
  begin: string;
  end: string;
  solutions: number;
  usable: boolean;
}

export interface StationMotion {
  velocity: number | null;
  std: number | null;
  insar: number | null;
  /** At each of the dates, m. */
  displacement: (number | null)[];
}

export interface Motion {
  dates: string[];
  stations: Record<string, StationMotion>;
  reference: string;
  rejected: Record<string, string>;
}

/** m/yr, with standard deviations, and the correlation of east and north. */
export interface Arrow {
  e: number;
  n: number;
  u: number;
  se: number;
  sn: number;
  su: number;
  c: number;
}

export interface LayerState {
  map: string | null;
  selected: string[];
  station: string;
  reference: string;
  mode: "color" | "arrows";
  filter: Filter;
  cluster: "auto" | "always" | "never";
  visible: boolean;
  legend: boolean;
  colormap: string;
  reverse: boolean;
  vmin: number;
  vmax: number;
  _raster: string;
  _stations: StationInfo[];
  _motion: Motion;
  _arrows: Record<string, Arrow>;
}

const plain = (day: string): string => day.replaceAll("-", "");

/** Whether a station is one that the filter lets be drawn. */
export function passesFilter(station: StationInfo, filter: Filter): boolean {
  const wanted = filter.name.trim().toLowerCase();
  if (wanted && !`${station.name} ${station.original}`.toLowerCase().includes(wanted)) return false;
  if (filter.begin && plain(station.begin) > plain(filter.begin)) return false;
  if (filter.end && plain(station.end) < plain(filter.end)) return false;
  if (station.solutions < filter.solutions) return false;
  return station.usable || !filter.usable;
}

/** Why a station is not compared; empty if it is, or was not tried. */
export function reasonOf(station: StationInfo, motion: Motion): string {
  return station.usable ? (motion.rejected[station.name] ?? "") : station.reason;
}
