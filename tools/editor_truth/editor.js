globalThis.editorTruth = (() => {
  const quiet = {showMissingNodesDialog: false, showMissingModelsDialog: false, checkForRerouteMigration: false};
  const copy = (value) => JSON.parse(JSON.stringify(value));
  const load = (workflow) => app.loadGraphData(copy(workflow), true, false, null, quiet);
  const graph = () => app.rootGraph ?? app.graph;

  app.canvas.pause_rendering = true; // nobody looks, and a machine without a GPU would do little else

  /** What "Export (API)" saves of a workflow. */
  const promptOf = async (workflow) => {
    await load(workflow);
    return copy((await app.graphToPrompt()).output);
  };

  /** The workflow as the editor saves it, by the version of the format. */
  const saved = async (workflow) => {
    await load(workflow);
    return {"0.4": copy(graph().serialize()), "1.0": copy(graph().asSerialisable())};
  };

  /** What the editor calls a node that nobody has named, by its class. */
  const names = () => Object.fromEntries(Object.entries(LiteGraph.registered_node_types).map(([name, type]) => [name, type.title]));

  /** The workflow as the editor saves it after edits that `word` stands for, and their names. */
  const edited = async (workflow, word) => {
    await load(workflow);
    const edits = editorEdits.apply(word);
    return {edits, workflow: copy(graph().serialize())};
  };

  return {promptOf, saved, names, edited};
})();
