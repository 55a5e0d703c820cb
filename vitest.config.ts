import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * least-privilege.test.ts first: it makes the bundles and the templates and works on. The others that need them last:
 * beside it they would keep a worker from the rest while they wait.
 */
class MakersFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      if (moduleId.endsWith("/infra/least-privilege.test.ts")) return 0;
      return /\/infra\/(bundle|stacks)\.test\.ts$/.test(moduleId) ? 2 : 1;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/run-folder.ts",
    pool: "forks",
    // They wait on engines between reckoning: three at a time keep two cores busy.
    maxWorkers: 3,
    sequence: { sequencer: MakersFirst },
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
