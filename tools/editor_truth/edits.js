globalThis.editorEdits = (() => {
  /** Numbers from 0 to 1, always the same ones for the same word. */
  const dice = (word) => {
    let state = [...word].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) | 0, 7);
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  };
  const one = (list, roll) => list[Math.floor(roll() * list.length)];
  const some = (list, count, roll) => [...list].map((item) => [roll(), item]).sort((a, b) => a[0] - b[0]).slice(0, count).map((pair) => pair[1]);
  const graph = () => app.rootGraph ?? app.graph;
  const isNote = (node) => ["Note", "MarkdownNote"].includes(node.type);
  const running = (where) => where.nodes.filter((node) => !isNote(node));
  const isWrapper = (node) => node.isSubgraphNode?.() ?? false;
  const links = (where) => [...where.links.values()].filter((link) => link.origin_id !== -10 && link.target_id !== -20);

  /** The graph itself or one of its subgraphs. */
  const somewhere = (roll) => one([graph(), graph(), ...graph().nodes.filter(isWrapper).map((node) => node.subgraph)], roll);

  const mode = (value) => (roll) => {
    const node = one(running(somewhere(roll)), roll);
    if (node) node.mode = value;
  };

  const wrap = (roll) => {
    const nodes = running(graph());
    const first = one(nodes.filter((node) => node.outputs.some((slot) => slot.links?.length)), roll);
    if (!first) return;
    const near = first.outputs.flatMap((slot) => slot.links ?? []).map((id) => graph().getNodeById(graph().links.get(id).target_id));
    graph().convertToSubgraph(new Set([first, ...some(near.filter((node) => !isNote(node)), 2, roll)]));
  };

  const wrapWrapper = (roll) => {
    const node = one(graph().nodes.filter(isWrapper), roll);
    if (!node) return wrap(roll);
    const beside = one(running(graph()).filter((other) => other !== node), roll);
    graph().convertToSubgraph(new Set([node, beside].filter(Boolean)));
  };

  const primitive = (roll) => {
    const where = somewhere(roll);
    const free = running(where).flatMap((node) => node.inputs.map((slot, at) => ({node, slot, at})));
    const taken = one(free.filter(({slot}) => slot.widget && slot.link == null), roll);
    if (!taken) return;
    const added = LiteGraph.createNode("PrimitiveNode");
    where.add(added);
    added.connect(0, taken.node, taken.at);
  };

  const oldReroute = (roll) => {
    const where = somewhere(roll);
    const link = one(links(where), roll);
    if (!link) return;
    const [from, to] = [where.getNodeById(link.origin_id), where.getNodeById(link.target_id)];
    if (!from || !to || to.inputs[link.target_slot].widget) return;
    const {origin_slot: out, target_slot: into} = link;
    const added = LiteGraph.createNode("Reroute");
    where.add(added);
    from.connect(out, added, 0);
    added.connect(0, to, into);
  };

  const reroute = (roll) => {
    const where = somewhere(roll);
    const link = one(links(where), roll);
    if (link) where.createReroute([10, 10], link);
  };

  /** A widget inside becomes one of the wrapper: by a link from a new input of the subgraph. */
  const promoteByLink = (roll) => {
    const wrapper = one(graph().nodes.filter(isWrapper), roll);
    if (!wrapper) return;
    const inner = running(wrapper.subgraph).flatMap((node) => node.inputs.map((slot) => ({node, slot})));
    const found = one(inner.filter(({slot}) => slot.widget && slot.link == null), roll);
    if (!found) return;
    const added = wrapper.subgraph.addInput(`${found.slot.name}_${found.node.id}`, String(found.slot.type));
    added.connect(found.slot, found.node);
    const widget = wrapper.widgets.find((one) => one.name === added.name);
    if (widget && roll() < 0.7) change(widget, roll);
  };

  /** A widget inside becomes one of the wrapper: by the list that the wrapper keeps. */
  const promoteByList = (roll) => {
    const wrapper = one(graph().nodes.filter(isWrapper), roll);
    if (!wrapper) return;
    const inner = running(wrapper.subgraph).flatMap((node) => (node.widgets ?? []).map((widget) => [String(node.id), widget.name]));
    const found = one(inner, roll);
    if (!found) return;
    const kept = wrapper.properties.proxyWidgets ?? [];
    wrapper.properties.proxyWidgets = [...(typeof kept === "string" ? JSON.parse(kept) : kept), found];
  };

  const change = (widget, roll) => {
    if (typeof widget.value === "number") widget.value = Math.round(roll() * 64);
    else if (typeof widget.value === "boolean") widget.value = !widget.value;
    else if (Array.isArray(widget.options?.values) && widget.options.values.length) widget.value = one(widget.options.values, roll);
    else if (typeof widget.value === "string" && widget.type !== "combo") widget.value = `${widget.value} edited`;
  };

  const value = (roll) => {
    const node = one(running(somewhere(roll)).filter((node) => node.widgets?.length), roll);
    if (node) change(one(node.widgets, roll), roll);
  };

  const unlink = (roll) => {
    const where = somewhere(roll);
    const link = one(links(where), roll);
    if (link) where.removeLink(link.id);
  };

  const double = (roll) => {
    const node = one(graph().nodes.filter(isWrapper), roll) ?? one(running(graph()), roll);
    const copy = node?.clone();
    if (!copy) return;
    graph().add(copy);
    node.inputs.forEach((slot, at) => {
      const link = slot.link == null ? null : graph().links.get(slot.link);
      if (link) graph().getNodeById(link.origin_id)?.connect(link.origin_slot, copy, at);
    });
  };

  const unpack = (roll) => {
    const node = one(graph().nodes.filter(isWrapper), roll);
    if (node) graph().unpackSubgraph(node);
  };

  const rename = (roll) => {
    const node = one(running(somewhere(roll)), roll);
    if (node) node.title = `Renamed ${Math.floor(roll() * 100)}`;
  };

  const edits = {
    mute: mode(2), bypass: mode(4), wrap, wrapWrapper, primitive, oldReroute, reroute, promoteByLink, promoteByList, value, unlink, double, unpack, rename,
  };

  /** Edit the graph that is open, always in the same way for the same word, and return the names of the edits. */
  const apply = (word) => {
    const roll = dice(word);
    const names = [...(roll() < 0.6 ? ["wrap"] : []), ...some(Object.keys(edits), 3, roll), ...(roll() < 0.3 ? ["wrapWrapper", "promoteByLink"] : [])];
    for (const name of names) edits[name](roll);
    return names;
  };

  return {apply};
})();
