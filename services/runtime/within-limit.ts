/** Whether the work ended within the limit (ms); its own failure is thrown. */
export async function withinLimit(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, limitMs, false);
  });
  return Promise.race([work.then(() => true), limit]).finally(() => clearTimeout(timer));
}
