/** Files out of a drop or a chooser, folders walked, each with its path. */

export interface Picked {
  file: File;
  path: string;
}

/** Files of an <input type="file">; a chosen folder gives paths below it. */
export function fromInput(input: HTMLInputElement): Picked[] {
  return [...(input.files ?? [])].map((file) => ({
    file,
    path: file.webkitRelativePath || file.name,
  }));
}

/**
 * Files of a drop, folders walked. The entries must be taken before the first await: the browser
 * empties the drop when its event ends.
 */
export async function fromDrop(
  transfer: DataTransfer,
  found: (count: number) => void,
): Promise<Picked[]> {
  const picked: Picked[] = [];
  const entries: FileSystemEntry[] = [];
  for (const item of transfer.items) {
    const entry = item.webkitGetAsEntry();
    const file = entry ? null : item.getAsFile(); // some programs drop files that are no entries
    if (entry) entries.push(entry);
    else if (file) picked.push({ file, path: file.name });
  }
  const waiting: FileSystemEntry[] = entries.reverse();
  for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
    if (entry.isFile) {
      picked.push({
        file: await fileOf(entry as FileSystemFileEntry),
        path: entry.fullPath.replace(/^\//, ""),
      });
      if (picked.length % 100 === 0) found(picked.length);
    } else {
      waiting.push(...(await entriesOf(entry as FileSystemDirectoryEntry)).reverse());
    }
  }
  return picked;
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** readEntries gives at most 100 at a time and an empty list at the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}

export const FILES_PER_REQUEST = 48;
export const BYTES_PER_REQUEST = 24 * 1024 * 1024;

/** Portions that travel in one request each: many small files together, a large one alone. */
export function portions(picked: readonly Picked[]): Picked[][] {
  const all: Picked[][] = [];
  let bytes = 0;
  for (const one of picked) {
    const last = all.at(-1);
    if (last && last.length < FILES_PER_REQUEST && bytes + one.file.size <= BYTES_PER_REQUEST) {
      last.push(one);
      bytes += one.file.size;
    } else {
      all.push([one]);
      bytes = one.file.size;
    }
  }
  return all;
}
