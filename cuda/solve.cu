/* The tree solver of tianyan-engine (solve.rs, solve.c): the same operations in the same order for each row. A thread has
   a chain; LANES of them have a tile, and tiles of a level go side by side on the block. Cells of one compartment are a
   lane each, the branches of a cell are lanes that gather from their children, a large cell has the whole block. */
FN void eliminate(double *RESTRICT state, const struct plan *p, const struct tile *tile, i32 lane) {
  const u32 *blocks = p->blocks + tile->first_block;
  const u32 own = tile->first_lane + lane;
  const u32 *children = p->children + tile->first_child + lane;
  double from_diagonal = 0.0, from_rhs = 0.0, out_diagonal = 0.0, out_rhs = 0.0;
  for (u32 k = 0; k < tile->children; k++, children += LANES) {
    from_diagonal = from_diagonal + GIVEN_DIAGONAL[*children];
    from_rhs = from_rhs + GIVEN_RHS[*children];
  }
  const i32 start = (i32)p->starts[own];
  const double v_parents = TREE_VOLTAGE[p->parents[own]];
  i32 node = (i32)blocks[tile->len - 1] + lane;
  double v_own = TREE_VOLTAGE[node];
  double up = state[UP_AT + node], down = state[DOWN_AT + node], axial = state[AXIAL_AT + node];
  for (i32 position = (i32)tile->len - 1; position >= 0; position--) {
    /* The next row's numbers are on their way while this one divides. */
    const i32 next_node = (i32)blocks[position > 0 ? position - 1 : 0] + lane;
    const double next_up = state[UP_AT + next_node], next_down = state[DOWN_AT + next_node];
    const double next_axial = state[AXIAL_AT + next_node];
    const double next = position > 0 ? TREE_VOLTAGE[next_node] : v_parents;
    const bool leaves = tile->ragged && start == position;
    const double v_parent = leaves ? v_parents : next;
    const double dv = v_parent - v_own;
    const double pivot = (TREE_DIAGONAL[node] + axial) - from_diagonal;
    const double right = (TREE_RHS[node] - up * dv) - from_rhs;
    const double inverse = 1.0 / pivot;
    TREE_DIAGONAL[node] = inverse;
    TREE_RHS[node] = right;
    from_diagonal = (down * up) * inverse;
    from_rhs = (down * right) * inverse - down * dv;
    if (tile->ragged) {
      out_diagonal = leaves ? from_diagonal : out_diagonal;
      out_rhs = leaves ? from_rhs : out_rhs;
      from_diagonal = leaves ? 0.0 : from_diagonal;
      from_rhs = leaves ? 0.0 : from_rhs;
    }
    v_own = next;
    node = next_node;
    up = next_up, down = next_down, axial = next_axial;
  }
  GIVEN_DIAGONAL[own] = tile->ragged ? out_diagonal : from_diagonal;
  GIVEN_RHS[own] = tile->ragged ? out_rhs : from_rhs;
}

FN void substitute(double *RESTRICT state, const struct plan *p, const struct tile *tile, i32 lane, double factor) {
  const u32 *blocks = p->blocks + tile->first_block;
  const u32 own = tile->first_lane + lane;
  const i32 start = (i32)p->starts[own];
  double known = TREE_RHS[p->parents[own]];
  for (i32 position = 0; position < (i32)tile->len; position++) {
    const i32 node = (i32)blocks[position] + lane;
    const double dv = (TREE_RHS[node] - state[UP_AT + node] * known) * TREE_DIAGONAL[node];
    TREE_RHS[node] = dv;
    TREE_VOLTAGE[node] = TREE_VOLTAGE[node] + factor * dv;
    known = !tile->ragged || position >= start ? dv : known;
  }
}

KERNEL solve(double *RESTRICT state, const struct plan *p, double factor) {
  const i32 lane = threadIdx.x % LANES, worker = threadIdx.x / LANES, workers = blockDim.x / LANES;
  if (threadIdx.x == 0) {
    TREE_RHS[p->nodes] = 0.0;
    GIVEN_DIAGONAL[p->lanes] = 0.0;
    GIVEN_RHS[p->lanes] = 0.0;
  }
  __syncthreads();
  for (i32 level = 0; level < p->levels; level++) {
    const i32 end = (i32)p->level_first[level + 1];
    for (i32 k = (i32)p->level_first[level] + worker; k < end; k += workers)
      eliminate(state, p, p->tiles + p->level_tiles[k], lane);
    __syncthreads();
  }
  for (i32 level = p->levels - 1; level >= 0; level--) {
    const i32 end = (i32)p->level_first[level + 1];
    for (i32 k = (i32)p->level_first[level] + worker; k < end; k += workers)
      substitute(state, p, p->tiles + p->level_tiles[k], lane, factor);
    __syncthreads();
  }
}
