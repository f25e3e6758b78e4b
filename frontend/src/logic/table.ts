/** The segment table as text, for the clipboard and as CSV. */

import type { SegmentValue, TableRow } from "../api/types.ts";
import { formatNumber } from "./numbers.ts";

const HEADINGS = [
  "Segment",
  "Name",
  "Territory",
  "Stress",
  "Stress SE",
  "Stress source",
  "Stress automated",
  "Rest",
  "Rest SE",
  "Rest source",
  "Rest automated",
  "MPR",
  "MPR SE",
  "Endo/epi stress",
  "Endo/epi rest",
] as const;

function valueCells(value: SegmentValue | null): string[] {
  if (!value) return ["", "", "", ""];
  return [
    plain(value.value),
    plain(value.standard_error),
    value.source === "typed" ? "entered by observer" : value.source,
    plain(value.automated_value),
  ];
}

function plain(value: number | null | undefined): string {
  return value === null || value === undefined ? "" : formatNumber(value, 3);
}

function lines(rows: readonly TableRow[]): string[][] {
  return [
    [...HEADINGS],
    ...rows.map((row) => [
      String(row.segment),
      row.name,
      row.territory ?? "",
      ...valueCells(row.stress),
      ...valueCells(row.rest),
      plain(row.mpr?.value),
      plain(row.mpr?.standard_error),
      plain(row.stress?.endo_epi_ratio),
      plain(row.rest?.endo_epi_ratio),
    ]),
  ];
}

export function tableAsText(rows: readonly TableRow[]): string {
  return lines(rows)
    .map((line) => line.join("\t"))
    .join("\n");
}

export function tableAsCsv(rows: readonly TableRow[]): string {
  const quote = (cell: string) =>
    /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  return `${lines(rows)
    .map((line) => line.map(quote).join(","))
    .join("\r\n")}\r\n`;
}
