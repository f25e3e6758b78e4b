/** Measuring by keyboard: a cross that the arrow keys move, and Enter for every point. */

export type Placed = [x: number, y: number];

/** Points that a tool takes, as with the mouse: ends; middle and reach; arm, corner and arm. */
export const POINTS = { length: 2, ellipse: 2, angle: 3 } as const;
export type MeasuringTool = keyof typeof POINTS;

export interface Placing {
  tool: MeasuringTool;
  set: Placed[];
  /** The cross. */
  at: Placed;
}

export function measures(tool: string): tool is MeasuringTool {
  return tool in POINTS;
}

export function begin(tool: MeasuringTool, [width, height]: Placed): Placing {
  return { tool, set: [], at: [width / 2, height / 2] };
}

const ARROWS: Record<string, Placed> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const STEP_PX = 2;
const LARGE_STEP_PX = 20;

/** After an arrow key, within the picture; null: that key moves nothing. */
export function moved(now: Placing, key: string, large: boolean, size: Placed): Placing | null {
  const arrow = ARROWS[key];
  if (!arrow) return null;
  const step = large ? LARGE_STEP_PX : STEP_PX;
  const to = (axis: 0 | 1) => Math.min(size[axis], Math.max(0, now.at[axis] + step * arrow[axis]));
  return { ...now, at: [to(0), to(1)] };
}

/** After Enter. A second point on the first one would measure nothing: it is not set. */
export function withPoint(now: Placing): Placing {
  const last = now.set.at(-1);
  if (last && last[0] === now.at[0] && last[1] === now.at[1]) return now;
  return { ...now, set: [...now.set, now.at] };
}

export function complete({ tool, set }: Placing): boolean {
  return set.length >= POINTS[tool];
}

/** Handles of an ellipse from its middle and how far it reaches: bottom, top, left, right. */
export function ellipseHandles([middle, reach]: readonly Placed[]): Placed[] {
  if (!middle || !reach) return [];
  const [x, y] = middle;
  const [across, down] = [Math.abs(reach[0] - x), Math.abs(reach[1] - y)];
  return [
    [x, y + down],
    [x, y - down],
    [x - across, y],
    [x + across, y],
  ];
}
