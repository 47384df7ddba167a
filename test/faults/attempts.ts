/** Steps of a run: what goes wrong in one of them is a line of the report, and the run goes on as far as it can. */
export function attempts(): {
  problems: string[];
  /** → true where it went well. */
  attempt(what: string, work: () => Promise<void>): Promise<boolean>;
} {
  const problems: string[] = [];
  return {
    problems,
    async attempt(what, work) {
      try {
        await work();
        return true;
      } catch (error) {
        problems.push(`${what}: ${(error as Error).message.slice(0, 1_500)}`);
        return false;
      }
    },
  };
}
