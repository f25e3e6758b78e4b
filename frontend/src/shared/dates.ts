/** Dates and times in one form everywhere: 2026-11-20 and 10:42. */

export function formatDate(iso: string | null): string {
  return iso ? iso.slice(0, 10) : "";
}

export function formatTime(iso: string | null): string {
  if (!iso) return "";
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return "";
  return time.toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
}

export function formatDateTime(iso: string | null): string {
  if (!iso) return "";
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return "";
  return `${time.toLocaleDateString("sv-SE")} ${time.toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
  })}`;
}
