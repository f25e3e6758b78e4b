/** Cornerstone3D set up once: one stack viewport, plain tools, our own session cookies. */

import {
  cache,
  Enums,
  eventTarget,
  init as initCore,
  RenderingEngine,
  type Types,
} from "@cornerstonejs/core";
import { init as initLoader } from "@cornerstonejs/dicom-image-loader";
import {
  AngleTool,
  addTool,
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

let started: Promise<void> | null = null;

async function start(): Promise<void> {
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

export function hasWebgl(): boolean {
  return document.createElement("canvas").getContext("webgl2") !== null;
}

export interface SourceEvents {
  onImage: (index: number) => void;
  onError: (why: string) => void;
}

/** The viewport of the source-images view; measuring needs WebGL, without it viewing works. */
export class SourceViewport {
  private readonly engine: RenderingEngine;
  private readonly viewport: Types.IStackViewport;
  private readonly group: ReturnType<typeof ToolGroupManager.createToolGroup>;
  private readonly element: HTMLDivElement;
  private primary: PrimaryTool = "window";
  private readonly onNewImage: EventListener;
  private readonly onFailed: EventListener;

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
      const { error } = (event as CustomEvent<{ error?: { message?: string } }>).detail ?? {};
      events.onError(error?.message ?? "");
    };
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

  choose(tool: PrimaryTool): void {
    this.primary = tool;
    this.bind();
  }

  async show(urls: readonly string[], index: number): Promise<void> {
    await this.viewport.setStack(
      urls.map((url) => `wadouri:${url}`),
      index,
    );
    this.viewport.render();
  }

  async goTo(index: number): Promise<void> {
    await this.viewport.setImageIdIndex(index);
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
    eventTarget.removeEventListener(Enums.Events.IMAGE_LOAD_ERROR, this.onFailed);
    eventTarget.removeEventListener(Enums.Events.IMAGE_LOAD_FAILED, this.onFailed);
    ToolGroupManager.destroyToolGroup(GROUP);
    this.engine.destroy();
    cache.purgeCache();
  }
}
