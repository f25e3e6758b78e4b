/** Cornerstone3D set up once: one stack viewport, plain tools, our own session cookies. */

import {
  cache,
  Enums,
  eventTarget,
  init as initCore,
  RenderingEngine,
  setUseCPURendering,
  type Types,
} from "@cornerstonejs/core";
import { init as initLoader } from "@cornerstonejs/dicom-image-loader";
import {
  AngleTool,
  addTool,
  annotation,
  EllipticalROITool,
  init as initTools,
  LengthTool,
  PanTool,
  StackScrollTool,
  Enums as ToolEnums,
  ToolGroupManager,
  WindowLevelTool,
  ZoomTool,
} from "@cornerstonejs/tools";

import { t } from "../shared/strings.ts";
import { ellipseHandles, type Placed } from "./placing.ts";

const VIEWPORT = "source";
const GROUP = "source";
const { MouseBindings } = ToolEnums;
const CACHE_BYTES = 256 * 1024 * 1024;

export const PRIMARY_TOOLS = {
  window: WindowLevelTool.toolName,
  pan: PanTool.toolName,
  zoom: ZoomTool.toolName,
  length: LengthTool.toolName,
  ellipse: EllipticalROITool.toolName,
  angle: AngleTool.toolName,
} as const;

export type PrimaryTool = keyof typeof PRIMARY_TOOLS;

const MEASURES = { length: LengthTool, ellipse: EllipticalROITool, angle: AngleTool } as const;

let started: Promise<void> | null = null;

async function start(): Promise<void> {
  // Without WebGL the processor draws; viewing works, measuring does not.
  if (!hasWebgl()) setUseCPURendering(true);
  await initCore();
  initLoader({ maxWebWorkers: 2 });
  initTools();
  cache.setMaxCacheSize(CACHE_BYTES);
  for (const tool of [
    WindowLevelTool,
    PanTool,
    ZoomTool,
    StackScrollTool,
    LengthTool,
    EllipticalROITool,
    AngleTool,
  ]) {
    addTool(tool);
  }
}

/** Why an image failed, in words: the loader hands on its request, an error or nothing. */
export function reasonOf(error: unknown): string {
  if (error instanceof XMLHttpRequest) return t.source.status(error.status);
  const inner = (error as { error?: unknown } | null)?.error;
  if (inner !== undefined) return reasonOf(inner);
  return error instanceof Error ? error.message : t.source.unreadable;
}

export function hasWebgl(): boolean {
  return document.createElement("canvas").getContext("webgl2") !== null;
}

export interface SourceEvents {
  onImage: (index: number) => void;
  /** The image at `index` could not be loaded. */
  onError: (index: number, why: string) => void;
  /** Where the marked place lies now, in pixels of the element; null: there is none. */
  onPlace: (at: [x: number, y: number] | null) => void;
}

type Vector = Types.Point3;

/** The viewport of the source-images view; measuring needs WebGL, without it viewing works. */
export class SourceViewport {
  private readonly engine: RenderingEngine;
  private readonly viewport: Types.IStackViewport;
  private readonly group: ReturnType<typeof ToolGroupManager.createToolGroup>;
  private readonly element: HTMLDivElement;
  private primary: PrimaryTool = "window";
  private readonly onNewImage: EventListener;
  private readonly onFailed: EventListener;
  private readonly onMoved: EventListener;
  private ids: string[] = [];
  private place: Vector | null = null;

  static async open(element: HTMLDivElement, events: SourceEvents): Promise<SourceViewport> {
    started ??= start();
    await started;
    return new SourceViewport(element, events);
  }

  private constructor(element: HTMLDivElement, events: SourceEvents) {
    this.element = element;
    this.engine = new RenderingEngine("source-images");
    this.engine.enableElement({
      viewportId: VIEWPORT,
      element,
      type: Enums.ViewportType.STACK,
      defaultOptions: { background: [0, 0, 0] },
    });
    this.viewport = this.engine.getViewport(VIEWPORT) as Types.IStackViewport;
    this.group = ToolGroupManager.getToolGroup(GROUP) ?? ToolGroupManager.createToolGroup(GROUP);
    for (const name of [...Object.values(PRIMARY_TOOLS), StackScrollTool.toolName]) {
      this.group?.addTool(name);
    }
    this.group?.addViewport(VIEWPORT, this.engine.id);
    this.bind();
    this.onNewImage = () => events.onImage(this.viewport.getCurrentImageIdIndex());
    this.onFailed = (event) => {
      const { detail } = event as CustomEvent<{ imageId?: string; error?: unknown }>;
      const index = this.ids.indexOf(detail?.imageId ?? "");
      if (index >= 0) events.onError(index, reasonOf(detail.error));
    };
    this.onMoved = () => {
      const at = this.place && this.viewport.worldToCanvas(this.place);
      events.onPlace(at ? [at[0], at[1]] : null);
    };
    element.addEventListener(Enums.Events.CAMERA_MODIFIED, this.onMoved);
    element.addEventListener(Enums.Events.IMAGE_RENDERED, this.onMoved);
    element.addEventListener(Enums.Events.STACK_NEW_IMAGE, this.onNewImage);
    // A stack whose pixels fail still resolves, with an empty picture: the event is the only sign.
    eventTarget.addEventListener(Enums.Events.IMAGE_LOAD_ERROR, this.onFailed);
    eventTarget.addEventListener(Enums.Events.IMAGE_LOAD_FAILED, this.onFailed);
  }

  private bind(): void {
    for (const [name, tool] of Object.entries(PRIMARY_TOOLS)) {
      const bindings = [
        ...(name === this.primary ? [{ mouseButton: MouseBindings.Primary }] : []),
        ...(name === "pan" ? [{ mouseButton: MouseBindings.Auxiliary }] : []),
        ...(name === "zoom" ? [{ mouseButton: MouseBindings.Secondary }] : []),
      ];
      if (bindings.length > 0) this.group?.setToolActive(tool, { bindings });
      else this.group?.setToolPassive(tool);
    }
    this.group?.setToolActive(StackScrollTool.toolName, {
      bindings: [{ mouseButton: MouseBindings.Wheel }],
    });
  }

  /** Place a measurement at points of the element, as a drag with the mouse would. */
  measure(tool: keyof typeof MEASURES, points: readonly Placed[]): void {
    const handles = tool === "ellipse" ? ellipseHandles(points) : points;
    MEASURES[tool].hydrate(
      VIEWPORT,
      handles.map(([x, y]) => this.viewport.canvasToWorld([x, y])),
      { referencedImageId: this.viewport.getCurrentImageId() },
    );
  }

  /** Take back the measurement that was placed last on this image; false where there is none. */
  forgetLast(): boolean {
    const here = this.viewport.getCurrentImageId();
    const last = annotation.state
      .getAllAnnotations()
      .findLast(({ metadata }) => metadata?.referencedImageId === here);
    if (!last?.annotationUID) return false;
    annotation.state.removeAnnotation(last.annotationUID);
    this.viewport.render();
    return true;
  }

  /** Width and height of what is shown. */
  size(): Placed {
    return [this.element.clientWidth, this.element.clientHeight];
  }

  choose(tool: PrimaryTool): void {
    this.primary = tool;
    this.bind();
  }

  /** Show a series from one image on; `start` centres a place and marks it. */
  async show(
    urls: readonly string[],
    index: number,
    start: { world: Vector; fieldMm: number } | null,
  ): Promise<void> {
    this.ids = urls.map((url) => `wadouri:${url}`);
    this.place = start?.world ?? null;
    await this.viewport.setStack(this.ids, index);
    if (start) this.centre(start.world, start.fieldMm);
    this.viewport.render();
  }

  private centre(world: Vector, fieldMm: number): void {
    const { focalPoint, position, viewPlaneNormal } = this.viewport.getCamera();
    if (!focalPoint || !position || !viewPlaneNormal) return;
    const offset = world.map((x, i) => x - (focalPoint[i] ?? 0));
    const depth = offset.reduce((sum, x, i) => sum + x * (viewPlaneNormal[i] ?? 0), 0);
    const shift = offset.map((x, i) => x - depth * (viewPlaneNormal[i] ?? 0));
    this.move(shift, fieldMm / 2);
  }

  private move(shift: readonly number[], parallelScale?: number): void {
    const { focalPoint, position } = this.viewport.getCamera();
    if (!focalPoint || !position) return;
    const by = (point: Vector) => point.map((x, i) => x + (shift[i] ?? 0)) as Vector;
    this.viewport.setCamera({
      focalPoint: by(focalPoint),
      position: by(position),
      ...(parallelScale === undefined ? {} : { parallelScale }),
    });
    this.viewport.render();
  }

  async goTo(index: number): Promise<void> {
    await this.viewport.setImageIdIndex(index);
  }

  zoomBy(factor: number): void {
    const { parallelScale } = this.viewport.getCamera();
    if (parallelScale) this.move([0, 0, 0], parallelScale / factor);
  }

  /** Move the image right and down, as the reading grid does. */
  panBy(rightMm: number, downMm: number): void {
    const { viewUp, viewPlaneNormal } = this.viewport.getCamera();
    if (!viewUp || !viewPlaneNormal) return;
    const [ux, uy, uz] = viewUp;
    const [nx, ny, nz] = viewPlaneNormal;
    const right = [uy * nz - uz * ny, uz * nx - ux * nz, ux * ny - uy * nx];
    this.move(viewUp.map((up, i) => up * downMm - (right[i] ?? 0) * rightMm));
  }

  /** Scale the window's width and shift its centre by a share of that width. */
  windowBy(widthFactor: number, shift: number): void {
    const range = this.viewport.getProperties().voiRange;
    if (!range) return;
    const width = (range.upper - range.lower) * widthFactor;
    const centre = (range.upper + range.lower) / 2 + shift * width;
    this.viewport.setProperties({
      voiRange: { lower: centre - width / 2, upper: centre + width / 2 },
    });
    this.viewport.render();
  }

  reset(): void {
    this.viewport.resetCamera();
    this.viewport.resetProperties();
    this.viewport.render();
  }

  resize(): void {
    this.engine.resize(true, true);
  }

  close(): void {
    this.element.removeEventListener(Enums.Events.STACK_NEW_IMAGE, this.onNewImage);
    this.element.removeEventListener(Enums.Events.CAMERA_MODIFIED, this.onMoved);
    this.element.removeEventListener(Enums.Events.IMAGE_RENDERED, this.onMoved);
    eventTarget.removeEventListener(Enums.Events.IMAGE_LOAD_ERROR, this.onFailed);
    eventTarget.removeEventListener(Enums.Events.IMAGE_LOAD_FAILED, this.onFailed);
    ToolGroupManager.destroyToolGroup(GROUP);
    this.engine.destroy();
    cache.purgeCache();
  }
}
