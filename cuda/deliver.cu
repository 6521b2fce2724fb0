/* Events, as deliver.rs has them: from outside, from the instances themselves, and from WATCH conditions. A thread has
   the events of one instance. */
FN void fault(const struct work *w, i32 what, i32 table, i32 instance, double time) {
  struct status *status = w->launch->status;
  if (atomicCAS(&status->fault, 0u, (u32)what) == 0u) {
    status->fault_group = blockIdx.x;
    status->fault_table = (u32)table;
    status->fault_instance = (u32)instance;
    status->fault_time = time;
  }
}

/* deliver::Fault, from 1 on. */
enum fault { FAULT_SLOTS = 1, FAULT_PAST, FAULT_ENDLESS };

FN void find_next(double *state, const struct table *t, i32 instance) {
  double next = INF;
  for (i32 slot = 0; slot < t->slots; slot++) next = fmin(next, state[t->self_time + slot * t->padded + instance]);
  state[t->self_next + instance] = next;
}

FN void send(const struct work *w, i32 number, i32 instance, double time, double flag, double connection) {
  double *state = w->group->state;
  const struct table *t = w->group->tables + number;
  i32 slot = 0;
  while (slot < t->slots && state[t->self_time + slot * t->padded + instance] != INF) slot++;
  if (slot == t->slots) {
    fault(w, FAULT_SLOTS, number, instance, time);
    return;
  }
  const i32 at = slot * t->padded + instance;
  state[t->self_time + at] = time;
  state[t->self_flag + at] = flag;
  state[t->self_connection + at] = connection;
  state[t->self_last + instance] = (double)(slot + 1);
  state[t->self_next + instance] = fmin(state[t->self_next + instance], time);
}

FN void each_connection(const struct work *w, const struct table *t, i32 instance, double time) {
  double *state = w->group->state;
  double arguments[MAX_ARGUMENTS], effects[3 * MAX_EFFECTS];
  if (!t->incoming) return;
  for (u32 k = t->incoming_first[instance]; k < t->incoming_first[instance + 1]; k++) {
    double *own = state + t->incoming[k];
    for (i32 a = 0; a < t->arguments; a++) arguments[a] = own[a];
    call_each_connection(t->code, state, t, time, w->dt, instance, arguments, effects);
    for (i32 a = 0; a < t->arguments; a++) own[a] = arguments[a];
  }
}

/* 1 + the number at the instance of the connection whose arguments stand there; 0 for none. */
FN double connection_number(const struct table *t, i32 instance, i64 argument) {
  if (!t->incoming || argument < 0) return 0.0;
  for (u32 k = t->incoming_first[instance]; k < t->incoming_first[instance + 1]; k++)
    if ((i64)t->incoming[k] == argument) return (double)(k - t->incoming_first[instance] + 1);
  return 0.0;
}

/* NET_RECEIVE of one instance, with the arguments that stand at `argument` in the state, if any do. */
static __device__ __noinline__ void receive(const struct work *w, i32 number, i32 instance, i64 argument, double flag,
                                            double time, struct cause cause) {
  double *state = w->group->state;
  const struct table *t = w->group->tables + number;
  double arguments[MAX_ARGUMENTS], effects[3 * MAX_EFFECTS];
  for (i32 a = 0; a < t->arguments; a++) arguments[a] = argument < 0 ? 0.0 : state[argument + a];
  arguments[t->arguments] = flag;
  call_receive(t->code, state, t, time, w->dt, instance, arguments, effects);
  for (i32 a = 0; a < t->arguments && argument >= 0; a++) state[argument + a] = arguments[a];
  for (i32 k = 0; k < t->effects; k++) {
    const double when = effects[3 * k], at = effects[3 * k + 1];
    if (when == 0.0) continue;
    const i32 kind = effect_kind(t->code, k);
    if (kind == EFFECT_EVENT) {
      emit_spike(w, t->owner[instance], at, cause);
    } else if (kind == EFFECT_EACH) {
      each_connection(w, t, instance, time);
    } else if (t->slots == 0) {
      continue;
    } else if (at < time || at != at) {
      fault(w, FAULT_PAST, number, instance, time);
    } else if (kind == EFFECT_SEND) {
      send(w, number, instance, at, effects[3 * k + 2], connection_number(t, instance, argument));
    } else {
      const i32 slot = (i32)state[t->self_last + instance] - 1;
      if (slot >= 0) {
        state[t->self_time + slot * t->padded + instance] = at;
        find_next(state, t, instance);
      }
    }
  }
}

/* An instance's own events up to a time, or before it. */
static __device__ __noinline__ void own_events(const struct work *w, i32 number, i32 instance, double limit, bool before) {
  double *state = w->group->state;
  const struct table *t = w->group->tables + number;
  const struct cause none = {INF, 0};
  for (i32 round = 0;; round++) {
    const double next = state[t->self_next + instance];
    if (round > MOST_AT_ONCE) fault(w, FAULT_ENDLESS, number, instance, next);
    if (*(volatile u32 *)&w->launch->status->fault) return;
    if (!(next < limit || (next == limit && !before))) return;
    i32 slot = 0;
    while (slot < t->slots && state[t->self_time + slot * t->padded + instance] != next) slot++;
    if (slot == t->slots) return;
    const i32 at = slot * t->padded + instance;
    const double flag = state[t->self_flag + at], connection = state[t->self_connection + at];
    state[t->self_time + at] = INF;
    if ((i32)state[t->self_last + instance] == slot + 1) state[t->self_last + instance] = 0.0;
    find_next(state, t, instance);
    if (connection < 0.0) {
      /* Of a WATCH, which another one may have turned off. */
      double *fired = state + t->watches[2 * ((i32)-connection - 1) + 1] + instance;
      const bool still = *fired != 0.0;
      *fired = 0.0;
      if (!still) continue;
    }
    i64 argument = -1;
    if (connection > 0.0 && t->incoming) {
      const u32 k = t->incoming_first[instance] + (u32)connection - 1;
      if (k < t->incoming_first[instance + 1]) argument = t->incoming[k];
    }
    receive(w, number, instance, argument, flag, next, none);
  }
}

/* The due events on one side of a time, and all own events that are due by `until`. Where no WATCH can tell, all are
   on the late side. */
FN void deliver_side(const struct work *w, const struct event *events, bool past, double until) {
  const struct group *g = w->group;
  if (w->first_event == w->end_event && !g->self_events) return;
  for (u32 e = w->first_event + threadIdx.x; e < w->end_event; e += blockDim.x) {
    const struct event *event = events + e;
    if (e > w->first_event && event[-1].table == event->table && event[-1].instance == event->instance) continue;
    for (u32 k = e; k < w->end_event; k++) {
      const struct event now = events[k];
      if (now.table != event->table || now.instance != event->instance) break;
      if ((g->watched && now.time <= w->start) != past) continue;
      if (g->tables[now.table].slots > 0) own_events(w, (i32)now.table, (i32)now.instance, now.time, true);
      receive(w, (i32)now.table, (i32)now.instance, (i64)now.argument, 0.0, now.time, now.cause);
    }
  }
  __syncthreads();
  if (!g->self_events) return;
  for (i32 number = 0; number < g->table_count; number++) {
    const struct table *t = g->tables + number;
    if (t->slots == 0) continue;
    for (i32 i = threadIdx.x; i < t->count; i += blockDim.x)
      if (g->state[t->self_next + i] <= until) own_events(w, number, i, until, false);
  }
  __syncthreads();
}

FN void detect(const struct work *w) {
  double *state = w->group->state;
  const struct group *g = w->group;
  const struct cause none = {INF, 0};
  for (i32 i = threadIdx.x; i < g->detectors; i += blockDim.x) {
    const bool above = TREE_VOLTAGE[g->detector_node[i]] > g->threshold[i];
    if (above && state[g->above + i] == 0.0) emit_spike(w, g->detector_gid[i], w->start + DETECTION_DELAY_MS, none);
    state[g->above + i] = above ? 1.0 : 0.0;
  }
}

/* Looks at all WATCH conditions; those that have become true send an event. */
FN void watch(const struct work *w) {
  const struct group *g = w->group;
  for (i32 number = 0; number < g->table_count; number++) {
    const struct table *t = g->tables + number;
    if (t->watch_count == 0) continue;
    call_sweep(SWEEP_WATCH, t->code, g->state, t, w->start, w->dt);
    __syncthreads();
    for (i32 k = 0; k < t->watch_count; k++)
      for (i32 i = threadIdx.x; i < t->count; i += blockDim.x)
        if (g->state[t->watches[2 * k + 1] + i] != 0.0)
          send(w, number, i, w->start, g->state[t->watches[2 * k] + i], -(double)(k + 1));
    __syncthreads();
  }
}

static __device__ __noinline__ void deliver(const struct work *w, const struct event *events) {
  if (w->group->watched) deliver_side(w, events, true, w->start);
  detect(w);
  /* Events may move v. */
  if (w->first_event != w->end_event || w->group->self_events) __syncthreads();
  if (w->group->watched) watch(w);
  deliver_side(w, events, false, w->middle);
}
