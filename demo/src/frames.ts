// Runs `paint` for what has changed: at once when the last time is a while ago, so that a single change is
// seen without delay, and once a frame when changes come thick and fast.
export function framed(paint: () => void): { request(): void; cancel(): void } {
  const restMs = 16;
  let last = -Infinity;
  let frame = 0;
  const run = (): void => {
    frame = 0;
    paint();
    last = performance.now();
  };
  return {
    request() {
      if (frame !== 0) return;
      if (document.hidden || performance.now() - last > restMs) run();
      else frame = requestAnimationFrame(run);
    },
    cancel() {
      cancelAnimationFrame(frame);
      frame = 0;
    },
  };
}
