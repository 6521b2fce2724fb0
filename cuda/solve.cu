/* The tree solver of tianyan-engine (solve.rs, solve.c): the same operations in the same order for each row. A thread has
   a chain; LANES of them have a tile, and tiles of a level go side by side on the block. Cells of one compartment are a
   lane each, the branches of a cell are lanes that gather from their children, a large cell has the whole block. */
FN void eliminate(double *RESTRICT state, const char *hot, const struct plan *p, const struct tile tile, i32 lane) {
  const u32 *blocks = (const u32 *)(hot + p->blocks) + tile.first_block;
  const u32 own = tile.first_lane + lane;
  const u32 *children = (const u32 *)(hot + p->children) + tile.first_child + lane;
  double from_diagonal = 0.0, from_rhs = 0.0, out_diagonal = 0.0, out_rhs = 0.0;
  for (u32 k = 0; k < tile.children; k++, children += LANES) {
    from_diagonal = from_diagonal + GIVEN_DIAGONAL[*children];
    from_rhs = from_rhs + GIVEN_RHS[*children];
  }
  const i32 start = (i32)((const u32 *)(hot + p->starts))[own];
  const double v_parents = TREE_VOLTAGE[((const u32 *)(hot + p->parents))[own]];
  i32 position = (i32)tile.len - 1;
  i32 node = (i32)blocks[position] + lane, next_node = (i32)blocks[position > 0 ? position - 1 : 0] + lane;
  double up = TREE_UP[node], down = TREE_DOWN[node];
  double next = position > 0 ? TREE_VOLTAGE[next_node] : v_parents;
  double dv = (tile.ragged && start == position ? v_parents : next) - TREE_VOLTAGE[node];
  double diagonal = TREE_DIAGONAL[node] + TREE_AXIAL[node], rhs = TREE_RHS[node] - up * dv;
  while (true) {
    /* The next row's numbers are on their way while this one divides. */
    const i32 above = position > 0 ? position - 1 : 0;
    const i32 far_node = (i32)blocks[above > 0 ? above - 1 : 0] + lane;
    const double far = above > 0 ? TREE_VOLTAGE[far_node] : v_parents;
    const double next_up = TREE_UP[next_node], next_down = TREE_DOWN[next_node];
    const double next_dv = (tile.ragged && start == above ? v_parents : far) - next;
    const double next_diagonal = TREE_DIAGONAL[next_node] + TREE_AXIAL[next_node];
    const double next_rhs = TREE_RHS[next_node] - next_up * next_dv;
    const double pivot = diagonal - from_diagonal;
    const double right = rhs - from_rhs;
    const double inverse = 1.0 / pivot;
    TREE_DIAGONAL[node] = inverse;
    TREE_RHS[node] = right;
    from_diagonal = (down * up) * inverse;
    from_rhs = (down * right) * inverse - down * dv;
    if (tile.ragged) {
      const bool leaves = start == position;
      out_diagonal = leaves ? from_diagonal : out_diagonal;
      out_rhs = leaves ? from_rhs : out_rhs;
      from_diagonal = leaves ? 0.0 : from_diagonal;
      from_rhs = leaves ? 0.0 : from_rhs;
    }
    if (position == 0) break;
    position = above;
    node = next_node, next_node = far_node, next = far;
    up = next_up, down = next_down, dv = next_dv;
    diagonal = next_diagonal, rhs = next_rhs;
  }
  GIVEN_DIAGONAL[own] = tile.ragged ? out_diagonal : from_diagonal;
  GIVEN_RHS[own] = tile.ragged ? out_rhs : from_rhs;
}

FN void substitute(double *RESTRICT state, const char *hot, const struct plan *p, const struct tile tile, i32 lane,
                   double factor) {
  const u32 *blocks = (const u32 *)(hot + p->blocks) + tile.first_block;
  const u32 own = tile.first_lane + lane;
  const i32 start = (i32)((const u32 *)(hot + p->starts))[own];
  double known = TREE_RHS[((const u32 *)(hot + p->parents))[own]];
  i32 node = (i32)blocks[0] + lane;
  double rhs = TREE_RHS[node], up = TREE_UP[node], inverse = TREE_DIAGONAL[node], v = TREE_VOLTAGE[node];
  for (i32 position = 0; position < (i32)tile.len; position++) {
    const i32 last = (i32)tile.len - 1;
    const i32 next_node = (i32)blocks[position < last ? position + 1 : last] + lane;
    const double next_rhs = TREE_RHS[next_node], next_up = TREE_UP[next_node];
    const double next_inverse = TREE_DIAGONAL[next_node], next_v = TREE_VOLTAGE[next_node];
    const double dv = (rhs - up * known) * inverse;
    TREE_RHS[node] = dv;
    TREE_VOLTAGE[node] = v + factor * dv;
    known = !tile.ragged || position >= start ? dv : known;
    node = next_node, rhs = next_rhs, up = next_up, inverse = next_inverse, v = next_v;
  }
}

KERNEL solve(double *RESTRICT state, const char *hot, const struct plan *p, double factor) {
  const i32 lane = threadIdx.x % LANES, worker = threadIdx.x / LANES, workers = blockDim.x / LANES;
  const struct tile *tiles = (const struct tile *)(hot + p->tiles);
  const u32 *level_first = (const u32 *)(hot + p->level_first);
  if (threadIdx.x == 0) {
    TREE_RHS[p->nodes] = 0.0;
    GIVEN_DIAGONAL[p->lanes] = 0.0;
    GIVEN_RHS[p->lanes] = 0.0;
  }
  __syncthreads();
  for (i32 level = 0; level < p->levels; level++) {
    const i32 end = (i32)level_first[level + 1];
    for (i32 k = (i32)level_first[level] + worker; k < end; k += workers) eliminate(state, hot, p, tiles[k], lane);
    __syncthreads();
  }
  for (i32 level = p->levels - 1; level >= 0; level--) {
    const i32 end = (i32)level_first[level + 1];
    for (i32 k = (i32)level_first[level] + worker; k < end; k += workers)
      substitute(state, hot, p, tiles[k], lane, factor);
    if (level > 0) __syncthreads();
  }
}
