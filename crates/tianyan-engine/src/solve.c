/* solve.rs for vectors of LANES doubles: the same operations in the same order, and so the same bits. Compiled once for
   each instruction set that has such vectors, with NAME(solve) as its name. */
typedef double vec __attribute__((vector_size(8 * LANES), aligned(8), may_alias));
typedef i64 mask __attribute__((vector_size(8 * LANES), aligned(8), may_alias));

/* tianyan_layout::Tile */
struct tile { u32 first_block, len, first_lane, first_child, children; _Bool ragged; };

/* tianyan_layout::Plan, and the arrays of solve::Arrays and solve::Given. */
struct plan { const struct tile *tiles; u64 count; const u32 *blocks, *parents, *starts, *children; };
struct arrays { double *v, *rhs, *diagonal; const double *axial, *up, *down; double *given_diagonal, *given_rhs; };

FN vec NAME(load)(const double *from) { return *(const vec *)from; }
FN vec NAME(gather)(const double *from, const u32 *at) {
  vec x;
  for (int l = 0; l < LANES; l++) x[l] = from[at[l]];
  return x;
}
FN vec NAME(pick)(mask which, vec a, vec b) { return (vec)(((mask)a & which) | ((mask)b & ~which)); }

void NAME(solve)(const struct plan *plan, const struct arrays *arrays, double factor) {
  double *v = arrays->v, *rhs = arrays->rhs, *diagonal = arrays->diagonal;
  const double *axial = arrays->axial, *up = arrays->up, *down = arrays->down;
  const vec zero = {0};
  for (u64 t = 0; t < plan->count; t++) {
    const struct tile *tile = plan->tiles + t;
    const u32 *blocks = plan->blocks + tile->first_block, *parents = plan->parents + tile->first_lane;
    const u32 *children = plan->children + tile->first_child;
    vec from_diagonal = zero, from_rhs = zero, out_diagonal = zero, out_rhs = zero;
    for (u32 k = 0; k < tile->children; k++, children += LANES) {
      from_diagonal = from_diagonal + NAME(gather)(arrays->given_diagonal, children);
      from_rhs = from_rhs + NAME(gather)(arrays->given_rhs, children);
    }
    mask starts;
    for (int l = 0; l < LANES; l++) starts[l] = plan->starts[tile->first_lane + l];
    vec v_parents = NAME(gather)(v, parents), v_own = NAME(load)(v + blocks[tile->len - 1]);
    for (u32 position = tile->len; position-- > 0;) {
      u32 node = blocks[position];
      mask leaves = starts == (i64)position;
      vec next = position > 0 ? NAME(load)(v + blocks[position - 1]) : v_parents;
      vec v_parent = tile->ragged ? NAME(pick)(leaves, v_parents, next) : next;
      vec to_parent = NAME(load)(up + node), from_parent = NAME(load)(down + node);
      vec dv = v_parent - v_own;
      vec pivot = (NAME(load)(diagonal + node) + NAME(load)(axial + node)) - from_diagonal;
      vec right = (NAME(load)(rhs + node) - to_parent * dv) - from_rhs;
      vec inverse = 1.0 / pivot;
      vec share = from_parent * inverse;
      *(vec *)(diagonal + node) = inverse;
      *(vec *)(rhs + node) = right;
      from_diagonal = share * to_parent;
      from_rhs = share * right - from_parent * dv;
      if (tile->ragged) {
        out_diagonal = NAME(pick)(leaves, from_diagonal, out_diagonal);
        out_rhs = NAME(pick)(leaves, from_rhs, out_rhs);
        from_diagonal = NAME(pick)(leaves, zero, from_diagonal);
        from_rhs = NAME(pick)(leaves, zero, from_rhs);
      }
      v_own = next;
    }
    *(vec *)(arrays->given_diagonal + tile->first_lane) = tile->ragged ? out_diagonal : from_diagonal;
    *(vec *)(arrays->given_rhs + tile->first_lane) = tile->ragged ? out_rhs : from_rhs;
  }
  for (u64 t = plan->count; t-- > 0;) {
    const struct tile *tile = plan->tiles + t;
    const u32 *blocks = plan->blocks + tile->first_block;
    mask starts;
    for (int l = 0; l < LANES; l++) starts[l] = plan->starts[tile->first_lane + l];
    vec known = NAME(gather)(rhs, plan->parents + tile->first_lane);
    for (u32 position = 0; position < tile->len; position++) {
      u32 node = blocks[position];
      vec dv = (NAME(load)(rhs + node) - NAME(load)(up + node) * known) * NAME(load)(diagonal + node);
      *(vec *)(rhs + node) = dv;
      *(vec *)(v + node) = NAME(load)(v + node) + factor * dv;
      known = tile->ragged ? NAME(pick)(starts <= (i64)position, dv, known) : dv;
    }
  }
}
