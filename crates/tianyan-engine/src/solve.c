/* solve.rs for vectors of LANES doubles: the same operations in the same order, and so the same bits. Compiled once for
   each instruction set that has such vectors, with NAME(solve) as its name. A row waits for the division of the row
   before it: two tiles that need nothing of each other go side by side. */
typedef double vec __attribute__((vector_size(8 * LANES), aligned(8), may_alias));
typedef i64 mask __attribute__((vector_size(8 * LANES), aligned(8), may_alias));

/* tianyan_layout::Tile */
struct tile { u32 first_block, len, first_lane, first_child, children; _Bool ragged, paired; };

/* tianyan_layout::Plan, and the arrays of solve::Arrays and solve::Given. */
struct plan { const struct tile *tiles; u64 count; const u32 *blocks, *parents, *starts, *children; };
struct arrays { double *v, *rhs, *diagonal; const double *axial, *up, *down; double *given_diagonal, *given_rhs; };

/* A tile on its way, and what its last row has given. */
struct walk {
  const u32 *blocks;
  u32 len, first_lane;
  _Bool ragged;
  mask starts;
  vec from_diagonal, from_rhs, out_diagonal, out_rhs, v_own, v_parents, known;
};

FN vec load(const double *from) { return *(const vec *)from; }
FN void store(double *to, vec x) { *(vec *)to = x; }
FN vec gather(const double *from, const u32 *at) {
  vec x;
  for (int l = 0; l < LANES; l++) x[l] = from[at[l]];
  return x;
}
FN vec pick(mask which, vec a, vec b) { return (vec)(((mask)a & which) | ((mask)b & ~which)); }

FN struct walk begin(const struct plan *plan, const struct tile *tile) {
  struct walk w;
  w.blocks = plan->blocks + tile->first_block;
  w.len = tile->len;
  w.first_lane = tile->first_lane;
  w.ragged = tile->ragged;
  for (int l = 0; l < LANES; l++) w.starts[l] = plan->starts[tile->first_lane + l];
  return w;
}

FN struct walk begin_out(const struct plan *plan, const struct tile *tile, const struct arrays *a) {
  struct walk w = begin(plan, tile);
  const u32 *children = plan->children + tile->first_child;
  w.from_diagonal = w.from_rhs = w.out_diagonal = w.out_rhs = (vec){0};
  for (u32 k = 0; k < tile->children; k++, children += LANES) {
    w.from_diagonal = w.from_diagonal + gather(a->given_diagonal, children);
    w.from_rhs = w.from_rhs + gather(a->given_rhs, children);
  }
  w.v_parents = gather(a->v, plan->parents + tile->first_lane);
  w.v_own = load(a->v + w.blocks[w.len - 1]);
  return w;
}

FN void eliminate(struct walk *w, u32 position, const struct arrays *a) {
  const vec zero = {0};
  u32 node = w->blocks[position];
  mask leaves = w->starts == (i64)position;
  vec next = position > 0 ? load(a->v + w->blocks[position - 1]) : w->v_parents;
  vec v_parent = w->ragged ? pick(leaves, w->v_parents, next) : next;
  vec up = load(a->up + node), down = load(a->down + node);
  vec dv = v_parent - w->v_own;
  vec pivot = (load(a->diagonal + node) + load(a->axial + node)) - w->from_diagonal;
  vec right = (load(a->rhs + node) - up * dv) - w->from_rhs;
  vec inverse = 1.0 / pivot;
  store(a->diagonal + node, inverse);
  store(a->rhs + node, right);
  w->from_diagonal = (down * up) * inverse;
  w->from_rhs = (down * right) * inverse - down * dv;
  if (w->ragged) {
    w->out_diagonal = pick(leaves, w->from_diagonal, w->out_diagonal);
    w->out_rhs = pick(leaves, w->from_rhs, w->out_rhs);
    w->from_diagonal = pick(leaves, zero, w->from_diagonal);
    w->from_rhs = pick(leaves, zero, w->from_rhs);
  }
  w->v_own = next;
}

FN void end_out(const struct walk *w, const struct arrays *a) {
  store(a->given_diagonal + w->first_lane, w->ragged ? w->out_diagonal : w->from_diagonal);
  store(a->given_rhs + w->first_lane, w->ragged ? w->out_rhs : w->from_rhs);
}

FN struct walk begin_back(const struct plan *plan, const struct tile *tile, const struct arrays *a) {
  struct walk w = begin(plan, tile);
  w.known = gather(a->rhs, plan->parents + tile->first_lane);
  return w;
}

FN void substitute(struct walk *w, u32 position, const struct arrays *a, double factor) {
  u32 node = w->blocks[position];
  vec dv = (load(a->rhs + node) - load(a->up + node) * w->known) * load(a->diagonal + node);
  store(a->rhs + node, dv);
  store(a->v + node, load(a->v + node) + factor * dv);
  w->known = w->ragged ? pick(w->starts <= (i64)position, dv, w->known) : dv;
}

void NAME(solve)(const struct plan *plan, const struct arrays *arrays, double factor) {
  const struct arrays a = *arrays;
  for (const struct tile *tile = plan->tiles, *end = tile + plan->count; tile < end;) {
    struct walk one = begin_out(plan, tile, &a);
    if (tile->paired) {
      struct walk two = begin_out(plan, tile + 1, &a);
      u32 both = one.len < two.len ? one.len : two.len, i = 0;
      for (; i < both; i++) {
        eliminate(&one, one.len - 1 - i, &a);
        eliminate(&two, two.len - 1 - i, &a);
      }
      for (u32 k = i; k < one.len; k++) eliminate(&one, one.len - 1 - k, &a);
      for (u32 k = i; k < two.len; k++) eliminate(&two, two.len - 1 - k, &a);
      end_out(&one, &a);
      end_out(&two, &a);
      tile += 2;
    } else {
      for (u32 i = one.len; i-- > 0;) eliminate(&one, i, &a);
      end_out(&one, &a);
      tile++;
    }
  }
  for (const struct tile *tile = plan->tiles + plan->count; tile-- > plan->tiles;) {
    struct walk one = begin_back(plan, tile, &a);
    if (tile > plan->tiles && (tile - 1)->paired) {
      struct walk two = begin_back(plan, --tile, &a);
      u32 both = one.len < two.len ? one.len : two.len, i = 0;
      for (; i < both; i++) {
        substitute(&one, i, &a, factor);
        substitute(&two, i, &a, factor);
      }
      for (u32 k = i; k < one.len; k++) substitute(&one, k, &a, factor);
      for (u32 k = i; k < two.len; k++) substitute(&two, k, &a, factor);
    } else {
      for (u32 i = 0; i < one.len; i++) substitute(&one, i, &a, factor);
    }
  }
}
