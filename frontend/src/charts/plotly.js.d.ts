declare module "plotly.js/lib/core" {
  export interface Trace {
    [key: string]: unknown;
  }
  const Plotly: {
    register(modules: unknown[]): void;
    react(node: HTMLElement, traces: Trace[], layout: object, config?: object): Promise<void>;
    purge(node: HTMLElement): void;
    Plots: { resize(node: HTMLElement): void };
  };
  export default Plotly;
}
declare module "plotly.js/lib/*" {
  const module: unknown;
  export default module;
}
