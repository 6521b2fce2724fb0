/* Point neurons: what is on its way to them (ring.rs), spikes at random (poisson.rs), and their own spikes (step.rs).
   Weights are multiples of a power of two with which no sum is rounded (wiring.rs): whoever adds first, the bits are the
   same, so that atomic additions do no harm. */
extern "C" __global__ void hear(const struct launch *launch) {
  const char *inputs = (const char *)launch->inputs;
  const struct heard *heard = (const struct heard *)(inputs + launch->inputs->heard);
  const i64 pairs = (i64)launch->inputs->heard_count * launch->wiring_count;
  const u64 now = launch->inputs->first_step;
  const i32 lane = threadIdx.x % 32, warps = blockDim.x / 32;
  for (i64 pair = (i64)blockIdx.x * warps + threadIdx.x / 32; pair < pairs; pair += (i64)gridDim.x * warps) {
    const struct heard spike = heard[pair / launch->wiring_count];
    const struct wiring *w = launch->wirings[pair % launch->wiring_count];
    if (spike.source >= (u32)w->sources) continue;
    const u32 end = w->first[spike.source + 1];
    for (u32 c = w->first[spike.source] + lane; c < end; c += 32) {
      const u64 step = spike.step + w->delay[c];
      if (step < now) continue;
      const double weight = w->single ? (double)w->single[c] : w->weight[c];
      atomicAdd(w->ring + (i64)(step & (u64)w->mask) * w->width + w->target[c], weight);
    }
  }
}

/* Twin of poisson.rs: a number in [0, 1) with 52 bits, from Philox 4x32-10. */
FN double drawn(u64 seed, u32 stream, u32 cell, u64 step) {
  u32 a = (u32)(step / 2), b = stream, c = cell, d = 0;
  philox(&a, &b, &c, &d, (u32)seed, (u32)(seed >> 32));
  const u32 high = step % 2 ? c : a, low = step % 2 ? d : b;
  return DOUBLE(ONE_BITS | (((u64)high << 32 | low) >> 12)) - 1.0;
}

/* What point neurons hear at the step's start. */
KERNEL listen(const struct work *w) {
  const struct group *g = w->group;
  for (i32 k = 0; k < g->wiring_count; k++) {
    const struct wiring *wiring = g->wirings + k;
    double *row = wiring->ring + (i64)(w->step & (u64)wiring->mask) * wiring->width;
    for (i32 i = threadIdx.x; i < wiring->width; i += blockDim.x) {
      const i32 input = i / wiring->neurons;
      g->state[wiring->inputs[input] + (i - input * wiring->neurons)] += row[i];
      row[i] = 0.0;
    }
    __syncthreads();
  }
  for (i32 k = 0; k < g->background_count; k++) {
    const struct background *b = g->backgrounds + k;
    if (w->step < b->first_step || w->step >= b->end_step) continue;
    for (i32 i = threadIdx.x; i < b->n; i += blockDim.x) {
      const double number = drawn(w->launch->seed, b->stream, b->gids[i], w->step);
      i32 count = 0;
      while (count < b->cumulative_count && number >= b->cumulative[count]) count++;
      for (i32 a = 0; a < b->adds; a++) g->state[b->inputs[a] + b->instances[i]] += (double)count * b->added[a];
    }
    __syncthreads();
  }
}

/* Spikes of point neurons: at the step's end, or at its start if events there made them. */
KERNEL fire(const struct work *w, const struct table *t) {
  for (i32 i = threadIdx.x; i < t->count; i += blockDim.x) {
    double time = w->group->state[t->spike + i];
    if (!(time >= 0.0)) continue;
    double inside = time < w->start ? w->start : time;
    inside = inside > w->end ? w->end : inside;
    const bool is_start = ABS(time - w->start) < 1e-6 * w->dt, is_end = ABS(time - w->end) < 1e-6 * w->dt;
    time = is_start ? w->start : is_end ? w->end : inside;
    const struct cause before = {-INF, 0}, last = {INF, 1};
    emit_spike(w, t->owner[i], time, time > w->start ? before : last);
  }
}
