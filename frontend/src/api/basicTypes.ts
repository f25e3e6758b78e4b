/** Words that everything the server sends is made of. */

export type Condition = "stress" | "rest" | "unknown";
export type Position = "basal" | "mid" | "apical";
export type Territory = "LAD" | "RCA" | "LCx";
export type Point = [row: number, column: number];

/** Every error of the API. code "conflict" carries detail.current_revision and detail.author. */
export interface ApiError {
  error: { code: string; message: string; field: string | null; detail: unknown };
}
