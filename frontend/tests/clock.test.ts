import { expect, test } from "vitest";
import { CineClock } from "../src/logic/clock.ts";

function playing(frames: number, fps: number): CineClock {
  const clock = new CineClock();
  clock.setFrames(frames);
  clock.framesPerSecond = fps;
  clock.play();
  clock.tick(0);
  return clock;
}

test("one second of animation frames advances by the frame rate", () => {
  const clock = playing(60, 15);
  for (let ms = 1; ms <= 60; ms++) clock.tick((ms * 1000) / 60);
  expect(clock.frame).toBe(15);
});

test("the cine starts again after its last frame", () => {
  const clock = playing(10, 20);
  for (let i = 1; i <= 12; i++) clock.tick(i * 50);
  expect(clock.frame).toBe(2);
});

test("a tab that slept does not race through what it missed", () => {
  const clock = playing(60, 20);
  clock.tick(60_000);
  expect(clock.frame).toBe(5);
});

test("nothing moves while paused, and stepping wraps both ways", () => {
  const clock = playing(5, 15);
  clock.pause();
  expect(clock.tick(5000)).toBe(false);
  clock.step(-1);
  expect(clock.frame).toBe(4);
  clock.step(1);
  expect(clock.frame).toBe(0);
});

test("seeking stays within the movie, which may become shorter", () => {
  const clock = playing(60, 15);
  clock.seek(1000);
  expect(clock.frame).toBe(59);
  clock.setFrames(40);
  expect(clock.frame).toBe(39);
  expect(clock.length).toBe(40);
});
