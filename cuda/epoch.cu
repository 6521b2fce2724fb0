/* The epoch: a block takes a group through all its steps in one launch. The order of a step is that of its stages,
   which program.rs makes; step.rs is the CPU's twin. */
FN void begin(double *RESTRICT state, i32 first, i32 end) {
  for (i32 i = first + threadIdx.x; i < end; i += blockDim.x) {
    TREE_RHS[i] = 0.0;
    TREE_DIAGONAL[i] = state[CAPACITANCE_AT + i];
  }
}

/* Nernst's equation for the ion instances in the stage's list. */
KERNEL nernst(double *RESTRICT state, const struct stage *s) {
  for (i32 k = threadIdx.x; k < s->n; k += blockDim.x) {
    const i32 i = s->list[k];
    const double inside = state[s->b + i], outside = state[s->c + i];
    state[s->a + i] = s->factor == 0.0 ? 0.0 : nernst_potential(s->factor, inside, outside);
  }
}

/* Point processes' shares, summed in the order of the instances: a thread has a node. `list` has the nodes, `second`
   their first instances in `third`. */
KERNEL share(double *RESTRICT state, const struct group *g, const struct stage *s) {
  const i32 *list = s->at >= 0 ? (const i32 *)(HOT(g) + s->at) : s->list;
  const i32 *second = s->at >= 0 ? list + s->n : s->second, *third = s->at >= 0 ? second + s->n + 1 : s->third;
  for (i32 k = threadIdx.x; k < s->n; k += blockDim.x) {
    double *to = place(state, s->b + list[k]);
    double sum = *to;
    for (i32 j = second[k]; j < second[k + 1]; j++) sum = sum + state[s->a + third[j]];
    *to = sum;
  }
}

FN void drive(const struct work *w, const double *driven, i32 in_epoch) {
  const struct group *g = w->group;
  for (i32 i = threadIdx.x; i < g->driven_count; i += blockDim.x)
    *place(g->state, g->driven[i]) = driven[in_epoch * g->driven_count + i];
}

FN void record(const struct work *w, const i64 *rows_at, const i64 *rows_before) {
  const struct group *g = w->group;
  for (i32 k = 0; k < g->sampler_count; k++) {
    const struct sampler *s = g->samplers + k;
    const u64 done = w->step + 1;
    if (done < s->first_step || done > s->last_step || (done - s->first_step) % s->interval != 0) continue;
    const i64 row = (i64)((done - s->first_step) / s->interval) - rows_before[s->number];
    double *to = w->launch->rows + rows_at[s->number] + row * s->columns + s->column;
    for (i32 i = threadIdx.x; i < s->n; i += blockDim.x) to[i] = *place(g->state, s->list[i]);
  }
}

/* Membrane currents: kept before electrodes add theirs, finished with the change of v. */
FN void membrane(const struct work *w, const struct stage *s) {
  double *state = w->group->state;
  for (i32 i = threadIdx.x; i < s->n; i += blockDim.x) {
    if (s->op == OP_KEEP) {
      state[s->a + i] = -TREE_RHS[i];
      state[s->b + i] = TREE_DIAGONAL[i];
    } else if (s->op == OP_WHOLE_MEMBRANE) {
      state[s->a + i] *= state[AREA_AT + i] * 0.01;
    } else {
      const double density = state[s->b + i] * TREE_RHS[i] + state[s->a + i];
      state[s->a + i] = density * state[AREA_AT + i] * 0.01;
    }
  }
}

FN void run_stage(const struct work *w, const struct stage *s, const char *inputs, i32 in_epoch) {
  const struct group *g = w->group;
  double *state = g->state;
  const char *hot = HOT(g);
  const struct epoch_inputs *head = (const struct epoch_inputs *)inputs;
  const double t = s->when == AT_MIDDLE ? w->middle : w->end;
  switch (s->op) {
    case OP_DELIVER: deliver(w, (const struct event *)(inputs + head->events)); break;
    case OP_LISTEN: listen(w); break;
    case OP_DRIVE:
      drive(w, (const double *)(inputs + head->driven) + (i64)g->driven_first * head->steps, in_epoch);
      break;
    case OP_BEGIN: begin(state, s->a, s->a + s->n); break;
    case OP_CLEAR:
      for (i32 i = threadIdx.x; i < s->n; i += blockDim.x) state[s->a + i] = 0.0;
      break;
    case OP_NERNST: nernst(state, s); break;
    case OP_SWEEP: call_sweep(s->code, g->tables[s->table].code, state, g->tables + s->table, t, w->dt); break;
    case OP_FUSED: call_fused(s->code, state, (const i32 *)(hot + s->at), s->n, t, w->dt, s->rates); break;
    case OP_SHARE: share(state, g, s); break;
    case OP_KEEP:
    case OP_MEMBRANE:
    case OP_WHOLE_MEMBRANE: membrane(w, s); break;
    case OP_SOLVE: solve(state, g, s->factor); break;
    case OP_CORRECT:
      for (i32 i = threadIdx.x; i < s->n; i += blockDim.x) state[s->a + i] += state[s->b + i] * TREE_RHS[s->list[i]];
      break;
    case OP_PEERS:
      for (i32 i = threadIdx.x; i < s->n; i += blockDim.x) *place(state, s->second[i]) = *place(state, s->list[i]);
      break;
    case OP_FIRE: fire(w, g->tables + s->table); break;
#ifdef DIFFUSES
    case OP_DIFFUSE: diffuse(state, s, w->dt); break;
#endif
    case OP_RECORD: record(w, (const i64 *)(inputs + head->rows_at), (const i64 *)(inputs + head->rows_before)); break;
  }
  if (s->sync) __syncthreads();
}

/* Which step it is, and its events: they are sorted by step, and follow those of the step before. */
FN void begin_step(struct work *w, const struct work *before, const struct epoch_inputs *head, i32 in_epoch) {
  const char *inputs = (const char *)head;
  const struct event *events = (const struct event *)(inputs + head->events);
  const u32 end = ((const u32 *)(inputs + head->event_first))[blockIdx.x + 1];
  const double start = ((const double *)(inputs + head->times))[in_epoch];
  w->step = head->first_step + (u64)in_epoch;
  w->start = start;
  w->middle = start + 0.5 * w->dt;
  w->end = (start + 0.5 * w->dt) + 0.5 * w->dt;
  u32 next = before->end_event;
  w->first_event = next;
  while (next < end && events[next].step <= (u32)in_epoch) next++;
  w->end_event = next;
}

/* What each step reads lies in shared memory as long as the block runs. */
FN void load(const struct group *g) {
  double *state = g->state;
#ifndef TREE_IN_STATE
  for (i32 i = threadIdx.x; i < 6 * NODES; i += blockDim.x) TREE[i] = state[i];
#endif
#ifdef HOT_IN_SHARED
  i64 *hot = (i64 *)(block_memory + TREE_NUMBERS);
  for (i32 i = threadIdx.x; i < g->hot_bytes / 8; i += blockDim.x) hot[i] = ((const i64 *)g->hot)[i];
#endif
}

FN void save(const struct group *g, struct status *status) {
  double *state = g->state;
  for (i32 i = threadIdx.x; i < g->row_count; i += blockDim.x)
    if (!(ABS(TREE_VOLTAGE[g->rows[i]]) < LARGEST_VOLTAGE_MV)) atomicMax(&status->not_finite, 0xffffffffu - blockIdx.x);
#ifndef TREE_IN_STATE
  for (i32 i = threadIdx.x; i < 3 * NODES; i += blockDim.x) state[i] = TREE[i];
#endif
}

extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) epoch(const struct launch *launch) {
  const char *inputs = (const char *)launch->inputs;
  const struct epoch_inputs *head = launch->inputs;
  __shared__ struct group own;
  /* Of this step and the next: the last thread looks ahead. */
  __shared__ struct work works[2];
  if (launch->groups[blockIdx.x].coupled != (head->phase != WHOLE)) return;
  if (threadIdx.x == 0) {
    own = launch->groups[blockIdx.x];
    struct work *w = works + head->from % 2;
    for (i32 k = 0; k < 2; k++) {
      works[k].launch = launch;
      works[k].group = &own;
      works[k].dt = launch->dt;
    }
    w->end_event = ((const u32 *)(inputs + head->event_first))[blockIdx.x];
    /* What came before this launch was delivered. */
    if (head->from > 0) begin_step(w, w, head, head->from - 1);
    begin_step(w, w, head, head->from);
  }
  __syncthreads();
  load(&own);
  const struct stage *stages = (const struct stage *)(HOT(&own) + own.stages);
  const i32 to = head->to, phase = head->phase;
#ifdef COUNT_CYCLES
  __shared__ u64 cycles[OPS];
  if (threadIdx.x < OPS) cycles[threadIdx.x] = 0;
#endif
  __syncthreads();
  for (i32 in_epoch = head->from; in_epoch < to; in_epoch++) {
    const struct work *w = works + in_epoch % 2;
    if (threadIdx.x + 1 == blockDim.x && in_epoch + 1 < to) begin_step(works + (in_epoch + 1) % 2, w, head, in_epoch + 1);
    /* Which half of the step: the first of a TO_NEXT_VOLTAGE begins in the middle, its last ends there. */
    const bool later = phase == TO_STATES || (phase == TO_NEXT_VOLTAGE && in_epoch == head->from);
    const bool early = phase == TO_VOLTAGE || (phase == TO_NEXT_VOLTAGE && in_epoch + 1 == to);
    const i32 end = early ? own.states_from : own.stage_count;
#ifdef COUNT_CYCLES
    u64 before = CYCLES();
#endif
    for (i32 k = later ? own.states_from : 0; k < end; k++) {
      run_stage(w, stages + k, inputs, in_epoch);
#ifdef COUNT_CYCLES
      if (threadIdx.x == 0) {
        const u64 now = CYCLES();
        cycles[stages[k].op] += now - before;
        before = now;
      }
#endif
    }
    __syncthreads();
  }
#ifdef COUNT_CYCLES
  if (threadIdx.x < OPS) atomicAdd(launch->cycles + threadIdx.x, cycles[threadIdx.x]);
#endif
  save(&own, launch->status);
}

/* Numbers of states, out and in. */
extern "C" __global__ void gather(const struct copies *copy) {
  for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < copy->n; i += (i64)gridDim.x * blockDim.x)
    copy->values[i] = *copy->list[i];
}

extern "C" __global__ void scatter(const struct copies *copy) {
  for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < copy->n; i += (i64)gridDim.x * blockDim.x)
    *copy->list[i] = copy->values[i];
}
