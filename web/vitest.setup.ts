// A test waits until what it waits for is there. How long that takes is the machine's affair, which may be busy
// with other checks: the library's second is too short for it.
if (typeof document !== "undefined") {
  const { configure } = await import("@testing-library/dom");
  configure({ asyncUtilTimeout: 30_000 });
}

export {};
