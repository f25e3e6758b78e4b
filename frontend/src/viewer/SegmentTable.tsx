import { type KeyboardEvent, useRef, useState } from "react";
import { useStore } from "zustand";
import type { Condition } from "../api/basicTypes.ts";
import type { RatioValue, SegmentValue, TableRow, ViewerState } from "../api/readingTypes.ts";
import { whyEmpty } from "../logic/empty.ts";
import { isOpen } from "../logic/flags.ts";
import { formatError, formatNumber } from "../logic/numbers.ts";
import { tableAsCsv, tableAsText } from "../logic/table.ts";
import { announce } from "../shared/dom.ts";
import { t } from "../shared/strings.ts";
import { display } from "../store/display.ts";
import { setHot } from "../store/hot.ts";
import { mayEdit } from "../store/study.ts";
import { useViewer } from "./context.ts";

type Column = Condition | "mpr" | "endoEpi" | "uncertainty";

const CONDITIONS: Condition[] = ["stress", "rest", "unknown"];

function isCondition(column: Column | undefined): column is Condition {
  return CONDITIONS.some((condition) => condition === column);
}

/** Keys: arrows, Home/End, Enter or a digit to change, Ctrl+C copies the cell. */
export function SegmentTable({ data }: { data: ViewerState }) {
  const { editValue } = useViewer();
  const grid = useRef<HTMLTableElement>(null);
  const selected = useStore(display, (s) => s.segment);
  const [focus, setFocus] = useState<[row: number, column: number]>([0, 0]);
  const editable = mayEdit(data);
  const has = (kind: Condition | "mpr") =>
    data.table.some((row) => (kind === "mpr" ? row.mpr?.value != null : row[kind] !== null));
  const columns: Column[] = [
    ...([...CONDITIONS, "mpr"] as const).filter(has),
    "endoEpi",
    "uncertainty",
  ];
  const relative = data.acquisitions.some((a) => a.quantity !== "mbf");

  const change = (row: TableRow, column: Column | undefined, typed: string) => {
    if (!editable || typeof row.segment !== "number") return;
    if (!isCondition(column) || row[column] === null) return;
    editValue({ condition: column, segment: row.segment, typed });
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTableElement>) => {
    const [row, column] = focus;
    const line = data.table[row];
    if (!line) return;
    const last: [number, number] = [data.table.length - 1, columns.length - 1];
    const to: Record<string, [number, number]> = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      Home: [event.ctrlKey ? 0 : row, 0],
      End: [event.ctrlKey ? last[0] : row, last[1]],
      PageUp: [0, column],
      PageDown: [last[0], column],
    };
    const next = to[event.key];
    if (next) {
      event.preventDefault();
      const kept: [number, number] = [clamp(next[0], last[0]), clamp(next[1], last[1])];
      setFocus(kept);
      focusCell(grid.current, kept);
      const segment = data.table[kept[0]]?.segment;
      if (typeof segment === "number") display.setState({ segment });
    } else if (event.key === "Enter" || event.key === "F2") {
      event.preventDefault();
      change(line, columns[column], "");
    } else if (/^[\d.,]$/.test(event.key) && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      change(line, columns[column], event.key);
    } else if (
      (event.ctrlKey || event.metaKey) &&
      event.key === "c" &&
      !getSelection()?.toString()
    ) {
      void navigator.clipboard?.writeText(cellText(line, columns[column]));
    }
  };

  return (
    <div className="segment-table">
      {relative && (
        <p className="notice notice-warn">
          {t.grid.notQuantitative}: {t.aif.sources.image}
        </p>
      )}
      <table
        ref={grid}
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table with a spreadsheet's keys
        role="grid"
        aria-label={t.table.title}
        data-testid="segment-table"
        onKeyDown={onKeyDown}
        onPaste={(event) => {
          // The dialog's field takes the focus at once and would get the text a second time.
          event.preventDefault();
          const line = data.table[focus[0]];
          if (line) change(line, columns[focus[1]], event.clipboardData.getData("text").trim());
        }}
      >
        <thead>
          <tr>
            <th scope="col">{t.table.number}</th>
            <th scope="col">{t.table.segment}</th>
            {columns.map((column) => (
              <th key={column} scope="col" className="number" data-column={column}>
                {relative && column === "mpr" ? t.table.mpri : t.table[column]}
              </th>
            ))}
            <th scope="col">
              <span className="visually-hidden">{t.table.flags}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {data.table.map((row, r) => (
            <tr
              key={row.segment}
              data-segment={row.segment}
              data-kind={typeof row.segment === "number" ? "segment" : "summary"}
              aria-selected={row.segment === selected}
              onPointerEnter={() => setHot(typeof row.segment === "number" ? row.segment : null)}
              onPointerLeave={() => setHot(null)}
              onClick={() =>
                typeof row.segment === "number" && display.setState({ segment: row.segment })
              }
            >
              <td className="number-cell">
                <TerritoryMark territory={row.territory} />
                {typeof row.segment === "number" ? row.segment : ""}
              </td>
              <th scope="row">{row.name}</th>
              {columns.map((column, c) => (
                <td
                  key={column}
                  className="number"
                  data-column={column}
                  tabIndex={focus[0] === r && focus[1] === c ? 0 : -1}
                  data-cell={`${r},${c}`}
                  data-testid={`value-${row.segment}-${column}`}
                  title={cellTitle(row, column, editable)}
                  onFocus={() => {
                    setFocus([r, c]);
                    setHot(typeof row.segment === "number" ? row.segment : null);
                  }}
                  onBlur={() => setHot(null)}
                  onDoubleClick={() => change(row, column, "")}
                >
                  <CellContent row={row} column={column} />
                </td>
              ))}
              <td className="marks">
                <RowMarks row={row} data={data} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="table-foot">
        <span className="muted">
          {t.table.standardError}
          {editable ? ` · ${t.table.edit}` : ""}
        </span>
        <button
          type="button"
          className="link"
          onClick={() => {
            void navigator.clipboard?.writeText(tableAsText(data));
            announce(t.table.copied);
          }}
        >
          {t.table.copy}
        </button>
        <a
          className="link"
          download={`qperf-study-${data.study.id}.csv`}
          href={`data:text/csv;charset=utf-8,${encodeURIComponent(tableAsCsv(data))}`}
        >
          {t.table.csv}
        </a>
      </div>
    </div>
  );
}

function CellContent({ row, column }: { row: TableRow; column: Column }) {
  if (isCondition(column)) return row[column] ? <Flow value={row[column]} /> : "–";
  if (column === "mpr") return row.mpr ? <Ratio value={row.mpr} /> : "–";
  const parts = CONDITIONS.flatMap((condition) => {
    const value = row[condition];
    if (!value) return [];
    return formatNumber(column === "endoEpi" ? value.endo_epi_ratio : value.uncertainty);
  });
  return (
    <span className="pair">{parts.every((part) => part === "–") ? "–" : parts.join(" / ")}</span>
  );
}

function Flow({ value }: { value: SegmentValue }) {
  // As shown: "2.40 2.40" would only puzzle.
  const changed =
    value.source !== "automated" &&
    formatNumber(value.value) !== formatNumber(value.automated_value);
  return (
    <>
      {changed && value.automated_value !== null && (
        <s className="automated-value">{formatNumber(value.automated_value)}</s>
      )}{" "}
      <span className={changed ? "changed-value" : undefined}>{formatNumber(value.value)}</span>{" "}
      <small>{value.source === "typed" ? "" : formatError(value.standard_error)}</small>
    </>
  );
}

function Ratio({ value }: { value: RatioValue }) {
  return (
    <>
      <span className={value.derived_from_typed ? "changed-value" : undefined}>
        {formatNumber(value.value)}
      </span>{" "}
      <small>{formatError(value.standard_error)}</small>
    </>
  );
}

/** Shape and colour both name the territory. */
export function TerritoryMark({ territory }: { territory: TableRow["territory"] }) {
  if (!territory) return null;
  const shape = { LAD: "■", RCA: "●", LCx: "▲" }[territory];
  return (
    <span
      className={`territory territory-${territory}`}
      title={`${territory}: ${t.territories[territory]}`}
    >
      <span aria-hidden="true">{shape}</span>
      <span className="visually-hidden">{territory}</span>
    </span>
  );
}

function RowMarks({ row, data }: { row: TableRow; data: ViewerState }) {
  const sources = CONDITIONS.map((condition) => row[condition]?.source);
  const open = data.flags.some(
    (flag) => flag.segment === row.segment && flag.severity !== "information" && isOpen(flag),
  );
  return (
    <>
      {sources.includes("typed") && <Sign sign="✎" words={t.table.typedMark} />}
      {sources.includes("contour") && <Sign sign="◌" words={t.table.contourMark} />}
      {sources.includes("excluded") && <Sign sign="⊘" words={t.table.excludedMark} />}
      {open && <Sign sign="▲" words={t.flags.title} tone="warn" />}
    </>
  );
}

function Sign({ sign, words, tone = "" }: { sign: string; words: string; tone?: string }) {
  return (
    <span className={`sign ${tone}`} title={words}>
      <span aria-hidden="true">{sign}</span>
      <span className="visually-hidden">{words}</span>
    </span>
  );
}

function cellTitle(row: TableRow, column: Column, editable: boolean): string | undefined {
  if (column === "endoEpi") {
    return CONDITIONS.filter((c) => row[c])
      .map(
        (c) =>
          `${t.table.endoEpiOf(t.conditions[c].toLowerCase())}: ${formatNumber(row[c]?.endo_epi_ratio)}`,
      )
      .join("; ");
  }
  if (column === "uncertainty") return undefined;
  if (column === "mpr") {
    return (
      row.mpr?.reason ??
      (row.mpr ? undefined : whyEmpty(row, "mpr")) ??
      (row.mpr?.derived_from_typed ? t.table.derived : undefined)
    );
  }
  const value = row[column];
  if (!value) return whyEmpty(row, column);
  const words = [
    value.not_measured_reason,
    value.source === "typed" ? t.table.typedMark : "",
    value.source === "contour" ? t.table.contourMark : "",
    value.source === "excluded" ? t.table.excludedMark : "",
    value.source === "automated" ? "" : t.table.automated(formatNumber(value.automated_value)),
    ...value.flags,
    editable && typeof row.segment === "number" ? t.table.edit : "",
  ];
  return words.filter(Boolean).join(" · ") || undefined;
}

function cellText(row: TableRow, column: Column | undefined): string {
  if (isCondition(column) || column === "mpr") {
    return formatNumber(row[column]?.value);
  }
  return "";
}

function clamp(value: number, top: number): number {
  return Math.min(top, Math.max(0, value));
}

function focusCell(table: HTMLTableElement | null, [row, column]: [number, number]): void {
  table?.querySelector<HTMLElement>(`[data-cell="${row},${column}"]`)?.focus();
}
