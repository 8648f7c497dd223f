// Two soft tones, made on the spot: no file to fetch.

let context: AudioContext | undefined;

/** Plays the chime, or a file. Browsers keep quiet before the first press on the page, and so do we. */
export function chime(file?: string): void {
  if (file) {
    new Audio(file).play().catch(() => {});
    return;
  }
  if (typeof AudioContext === "undefined") return;
  context ??= new AudioContext();
  const { currentTime: now, destination } = context;
  if (context.state === "suspended") void context.resume().catch(() => {});
  [659.3, 880].forEach((frequency, index) => {
    if (!context) return;
    const tone = context.createOscillator();
    const volume = context.createGain();
    const from = now + index * 0.11;
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(0.07, from + 0.015);
    volume.gain.exponentialRampToValueAtTime(0.0001, from + 0.32);
    tone.connect(volume).connect(destination);
    tone.start(from);
    tone.stop(from + 0.34);
  });
}
