/* The tree solver of tianyan-engine (solve.rs, solve.c): the same operations in the same order for each row. A thread has
   a chain; LANES of them have a tile, and tiles of a level go side by side on the block. Cells of one compartment are a
   lane each, the branches of a cell are lanes that gather from their children, a large cell has the whole block. */

/* Whether lanes of a tile begin at different positions. */
#define RAGGED(tile) (LANES > 1 && (tile)->ragged)
/* The tables of the plan. */
#define PLAN(name) ((const place_t *)(HOT(group) + group->plan.name))

FN void eliminate(double *RESTRICT state, const struct group *group, const struct tile *tile, i32 lane) {
  const u32 own = tile->first_lane + lane;
  const place_t *children = PLAN(children) + tile->first_child + lane;
  i32 position = (i32)tile->len - 1;
  i32 node = tile->last + lane, next_node = tile->first + (position > 0 ? position - 1 : 0) * LANES + lane;
  const i32 start = RAGGED(tile) ? (i32)PLAN(starts)[own] : 0;
  const double v_parents = TREE_VOLTAGE[PLAN(parents)[own]];
  double up = TREE_UP[node], down = TREE_DOWN[node];
  double next = position > 0 ? TREE_VOLTAGE[next_node] : v_parents;
  double dv = (RAGGED(tile) && start == position ? v_parents : next) - TREE_VOLTAGE[node];
  double diagonal = TREE_DIAGONAL[node] + TREE_AXIAL[node], rhs = TREE_RHS[node] - up * dv;
  double from_diagonal = 0.0, from_rhs = 0.0, out_diagonal = 0.0, out_rhs = 0.0;
  /* Few have more than two: unrolled, the loop would be longer for all. */
#pragma unroll 1
  for (i32 k = 0; k < (i32)tile->children; k++, children += LANES) {
    const u32 child = *children;
    from_diagonal = from_diagonal + GIVEN_DIAGONAL[child];
    from_rhs = from_rhs + GIVEN_RHS[child];
  }
  while (true) {
    /* The next row's numbers are on their way while this one divides. */
    const i32 above = position > 0 ? position - 1 : 0;
    const i32 far_node = above > 0 ? next_node - LANES : next_node;
    const double far = above > 0 ? TREE_VOLTAGE[far_node] : v_parents;
    const double next_up = TREE_UP[next_node], next_down = TREE_DOWN[next_node];
    const double next_dv = (RAGGED(tile) && start == above ? v_parents : far) - next;
    const double next_diagonal = TREE_DIAGONAL[next_node] + TREE_AXIAL[next_node];
    const double next_rhs = TREE_RHS[next_node] - next_up * next_dv;
    const double both = down * up;
    const double pivot = diagonal - from_diagonal;
    const double right = rhs - from_rhs;
    const double inverse = 1.0 / pivot;
    from_diagonal = both * inverse;
    from_rhs = (down * right) * inverse - down * dv;
    TREE_DIAGONAL[node] = inverse;
    TREE_RHS[node] = right;
    if (RAGGED(tile)) {
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
  GIVEN_DIAGONAL[own] = RAGGED(tile) ? out_diagonal : from_diagonal;
  GIVEN_RHS[own] = RAGGED(tile) ? out_rhs : from_rhs;
}

FN void substitute(double *RESTRICT state, const struct group *group, const struct tile *tile, i32 lane, double factor) {
  const u32 own = tile->first_lane + lane;
  const i32 start = RAGGED(tile) ? (i32)PLAN(starts)[own] : 0, last = (i32)tile->len - 1;
  double known = TREE_RHS[PLAN(parents)[own]];
  i32 node = (last > 0 ? tile->first : tile->last) + lane;
  double rhs = TREE_RHS[node], up = TREE_UP[node], inverse = TREE_DIAGONAL[node], v = TREE_VOLTAGE[node];
#pragma unroll 1
  for (i32 position = 0; position <= last; position++) {
    const i32 next_node = position + 1 < last ? node + LANES : (i32)tile->last + lane;
    const double next_rhs = TREE_RHS[next_node], next_up = TREE_UP[next_node];
    const double next_inverse = TREE_DIAGONAL[next_node], next_v = TREE_VOLTAGE[next_node];
    const double dv = (rhs - up * known) * inverse;
    TREE_RHS[node] = dv;
    TREE_VOLTAGE[node] = v + factor * dv;
    known = !RAGGED(tile) || position >= start ? dv : known;
    node = next_node, rhs = next_rhs, up = next_up, inverse = next_inverse, v = next_v;
  }
}

KERNEL solve(double *RESTRICT state, const struct group *group, double factor) {
  const i32 lane = threadIdx.x % LANES, worker = threadIdx.x / LANES, workers = blockDim.x / LANES;
  const struct tile *tiles = (const struct tile *)PLAN(tiles);
  const u32 *level_first = (const u32 *)(HOT(group) + group->plan.level_first);
  const i32 levels = group->plan.levels;
  if (threadIdx.x == 0) {
    TREE_RHS[group->plan.nodes] = 0.0;
    GIVEN_DIAGONAL[group->plan.lanes] = 0.0;
    GIVEN_RHS[group->plan.lanes] = 0.0;
  }
  /* Chains that stand alone look at nobody's numbers behind the next barrier only. */
  if (LANES > 1) __syncthreads();
  for (i32 level = 0; level < levels; level++) {
    const i32 end = (i32)level_first[level + 1];
    for (i32 k = (i32)level_first[level] + worker; k < end; k += workers) eliminate(state, group, tiles + k, lane);
    __syncthreads();
  }
  for (i32 level = levels - 1; level >= 0; level--) {
    const i32 end = (i32)level_first[level + 1];
    for (i32 k = (i32)level_first[level] + worker; k < end; k += workers)
      substitute(state, group, tiles + k, lane, factor);
    if (level > 0) __syncthreads();
  }
}

#ifdef DIFFUSES
/* Diffusion along the cable, the twin of tianyan_engine::diffuse: a thread has a tree. `list` has the first compartment of
   each; `second`, for each compartment, the places of what diffuses, of the volume and of the coefficient, and the parent;
   `third` the couplings, two doubles each. */
KERNEL diffuse(double *RESTRICT state, const struct stage *s, double dt) {
  const i32 n = s->n, *of = s->second, *volume = of + n, *coefficient = volume + n, *parents = coefficient + n;
  const double *to_parent = (const double *)s->third, *from_parent = to_parent + n;
  double *rhs = state + s->a, *diagonal = rhs + n, *above = diagonal + n, *below = above + n;
  for (i32 tree = threadIdx.x; tree < s->b; tree += blockDim.x) {
    const i32 first = s->list[tree], end = s->list[tree + 1];
    for (i32 k = first; k < end; k++) {
      const i32 parent = parents[k];
      rhs[k] = *place(state, of[k]) / dt;
      diagonal[k] = 1.0 / dt;
      if (parent < 0) continue;
      const double mean = (*place(state, coefficient[k]) + *place(state, coefficient[parent])) / 2.0;
      above[k] = -to_parent[k] * mean / *place(state, volume[parent]);
      below[k] = -from_parent[k] * mean / *place(state, volume[k]);
      diagonal[k] -= below[k];
      diagonal[parent] -= above[k];
    }
    for (i32 k = end - 1; k >= first; k--) {
      const i32 parent = parents[k];
      if (parent < 0) continue;
      const double factor = above[k] / diagonal[k];
      diagonal[parent] -= factor * below[k];
      rhs[parent] -= factor * rhs[k];
    }
    for (i32 k = first; k < end; k++) {
      const i32 parent = parents[k];
      if (parent >= 0) rhs[k] -= below[k] * rhs[parent];
      rhs[k] /= diagonal[k];
      *place(state, of[k]) = rhs[k];
    }
  }
}
#endif
