/** Refusals that no vector reaches; tests/web/mutants.ts says which there are. */
