/** Shape of the AHA-16 bullseye: rings basal (outer), mid, apical; angles as in Cerqueira 2002. */

export interface Wedge {
  segment: number;
  path: string;
  label: [x: number, y: number];
  /** The inner and outer half of the wedge: endocardial and epicardial layer. */
  endo: string;
  epi: string;
}

interface Ring {
  inner: number;
  outer: number;
  first: number;
  /** Start of each segment in degrees, counter-clockwise from the right; all the same width. */
  starts: number[];
}

const RINGS: Ring[] = [
  { inner: 0.68, outer: 1, first: 1, starts: [60, 120, 180, 240, 300, 0] },
  { inner: 0.4, outer: 0.68, first: 7, starts: [60, 120, 180, 240, 300, 0] },
  { inner: 0.09, outer: 0.4, first: 13, starts: [45, 135, 225, 315] },
];

function point(radius: number, degrees: number): [number, number] {
  const angle = (degrees * Math.PI) / 180;
  return [radius * Math.cos(angle), -radius * Math.sin(angle)];
}

function wedgePath(inner: number, outer: number, start: number, width: number): string {
  const at = (radius: number, degrees: number) =>
    point(radius, degrees)
      .map((v) => v.toFixed(4))
      .join(" ");
  return [
    `M${at(outer, start)}`,
    `A${outer} ${outer} 0 0 0 ${at(outer, start + width)}`,
    `L${at(inner, start + width)}`,
    `A${inner} ${inner} 0 0 1 ${at(inner, start)}Z`,
  ].join("");
}

/** All sixteen wedges in a unit circle around the origin, y down. */
export function wedges(): Wedge[] {
  return RINGS.flatMap((ring) => {
    const width = 360 / ring.starts.length;
    const middle = (ring.inner + ring.outer) / 2;
    return ring.starts.map((start, index) => ({
      segment: ring.first + index,
      path: wedgePath(ring.inner, ring.outer, start, width),
      endo: wedgePath(ring.inner, middle, start, width),
      epi: wedgePath(middle, ring.outer, start, width),
      label: point((ring.inner + ring.outer) / 2, start + width / 2),
    }));
  });
}
