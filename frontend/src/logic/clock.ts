/** Playback of all cells by one frame number; knows nothing of the screen. */

export class CineClock {
  playing = false;
  framesPerSecond = 15;
  frame = 0;
  private frames = 1;
  private last: number | null = null;
  private owed = 0;

  setFrames(frames: number): void {
    this.frames = Math.max(1, frames);
    this.frame = Math.min(this.frame, this.frames - 1);
  }

  get length(): number {
    return this.frames;
  }

  play(): void {
    this.playing = true;
    this.last = null;
    this.owed = 0;
  }

  pause(): void {
    this.playing = false;
  }

  seek(frame: number): void {
    this.frame = Math.min(this.frames - 1, Math.max(0, Math.round(frame)));
  }

  /** Steps wrap around, as the cine does. */
  step(by: number): void {
    this.frame = (((this.frame + by) % this.frames) + this.frames) % this.frames;
  }

  /**
   * Advance to the time of an animation frame (ms); true if the picture changes.
   *
   * A tab that slept does not race through what it missed: at most one loop step is made up.
   */
  tick(nowMs: number): boolean {
    if (!this.playing) return false;
    if (this.last === null) {
      this.last = nowMs;
      return false;
    }
    this.owed += Math.min(nowMs - this.last, 250) * (this.framesPerSecond / 1000);
    this.last = nowMs;
    const whole = Math.floor(this.owed + 1e-9);
    if (whole < 1) return false;
    this.owed -= whole;
    this.step(whole);
    return this.frames > 1;
  }
}
