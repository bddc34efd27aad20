/** What stands in a column: where its middle would like to be, and how high it is. */
interface Stacked {
  wish: number;
  height: number;
}

interface Block {
  from: number;
  count: number;
  /** The sum of the members' wishes for the block's top. */
  sum: number;
  height: number;
}

/** Return the tops of boxes in a column, in order and with gaps, as near to their wishes as they can be together. */
export function stack(boxes: Stacked[], gap: number): number[] {
  const blocks: Block[] = [];
  boxes.forEach(({ wish, height }, index) => {
    let block: Block = { from: index, count: 1, sum: wish - height / 2, height: height + gap };
    // Whoever would overlap the block above joins it; the whole then stands where its members wish on average.
    for (let above = blocks.at(-1); above && topOf(above) + above.height > topOf(block); above = blocks.at(-1)) {
      blocks.pop();
      block = {
        from: above.from,
        count: above.count + block.count,
        sum: above.sum + block.sum - block.count * above.height,
        height: above.height + block.height,
      };
    }
    blocks.push(block);
  });
  return blocks.flatMap((block) => {
    let top = topOf(block);
    return boxes.slice(block.from, block.from + block.count).map(({ height }) => {
      const own = top;
      top += height + gap;
      return own;
    });
  });
}

const topOf = (block: Block): number => block.sum / block.count;
