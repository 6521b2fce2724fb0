COMMENT
The generalised integrate-and-fire neurons of the Allen Institute, with alpha-shaped synaptic currents: a weight (nA) is
the current's peak, tau_syn after the event. Weights of at least 0 excite, others inhibit.

cm v' = -g (v - e_l) + i_asc_1 + i_asc_2 + i_syn_e + i_syn_i + i_offset + i_injected
i_asc' = -k i_asc
theta_s' = -th_spike_decay theta_s
theta_v' = th_voltage_index (v - e_l) - th_voltage_decay theta_v

It fires at v > v_thresh + theta_s + theta_v. Then i_asc becomes asc_amp + asc_r exp(-k tau_refrac) i_asc, and v stays
where it is put for tau_refrac (in whole steps), when only synaptic currents go on.

 model   spike_dependent_threshold   after_spike_currents   adapting_threshold
 GLIF 1              0                         0                     0           leaky integrate-and-fire
 GLIF 2              1                         0                     0           biologically defined reset
 GLIF 3              0                         1                     0           after-spike currents
 GLIF 4              1                         1                     0           both
 GLIF 5              1                         1                     1           threshold that follows the voltage

With spike_dependent_threshold v is put to e_l + voltage_reset_fraction (v - e_l) + voltage_reset_add, with the v of the
step before, and theta_s becomes exp(-th_spike_decay tau_refrac) theta_s + th_spike_add; else v is put to v_reset.

Equations: Teeter C, Iyer R, Menon V et al. (2018) Generalized leaky integrate-and-fire models classify multiple neuron
types. Nat Commun 9:709. v is advanced by the exact propagator, with currents from outside constant in a step and
after-spike currents by their mean over it; theta_v exactly for the v that those alone would make. Defaults and order as
NEST's glif_psc (in nA, nF, uS).
ENDCOMMENT

UNITS {
    (nA) = (nanoamp)
    (nF) = (nanofarad)
    (mV) = (millivolt)
    (uS) = (microsiemens)
}

NEURON {
    ARTIFICIAL_CELL Glif
    RANGE g, e_l, cm, v_thresh, v_reset, tau_refrac, tau_syn_e, tau_syn_i, i_offset, v_init
    RANGE spike_dependent_threshold, after_spike_currents, adapting_threshold
    RANGE th_spike_add, th_spike_decay, voltage_reset_fraction, voltage_reset_add
    RANGE th_voltage_index, th_voltage_decay
    RANGE asc_init_1, asc_init_2, asc_decay_1, asc_decay_2, asc_amp_1, asc_amp_2, asc_r_1, asc_r_2
    RANGE theta_s, theta_v, i_asc_1, i_asc_2, i_syn_e, i_syn_i
}

PARAMETER {
    g = 0.00943 (uS) <1e-9, 1e9>
    e_l = -78.85 (mV)
    cm = 0.05872 (nF) <1e-9, 1e9>
    v_thresh = -51.68 (mV)
    v_reset = -78.85 (mV)
    tau_refrac = 3.75 (ms)
    tau_syn_e = 2 (ms) <1e-9, 1e9>
    tau_syn_i = 2 (ms) <1e-9, 1e9>
    i_offset = 0 (nA)
    v_init = -78.85 (mV)
    spike_dependent_threshold = 0
    after_spike_currents = 0
    adapting_threshold = 0
    th_spike_add = 0.37 (mV)
    th_spike_decay = 0.009 (/ms) <1e-9, 1e9>
    voltage_reset_fraction = 0.2
    voltage_reset_add = 18.51 (mV)
    th_voltage_index = 0.005 (/ms)
    th_voltage_decay = 0.09 (/ms) <1e-9, 1e9>
    asc_init_1 = 0 (nA)
    asc_init_2 = 0 (nA)
    asc_decay_1 = 0.003 (/ms) <1e-9, 1e9>
    asc_decay_2 = 0.1 (/ms) <1e-9, 1e9>
    asc_amp_1 = -0.00918 (nA)
    asc_amp_2 = -0.19894 (nA)
    asc_r_1 = 1
    asc_r_2 = 1
}

ASSIGNED {
    v (mV)
    dt (ms)
    i_injected (nA)
    i_syn_e (nA)
    i_syn_i (nA)
    refractory          : steps that are left
    steps
    of_v                : what becomes of each in a step,
    of_e
    of_i
    of_s
    of_th
    of_1
    of_2
    mean_1              : its mean over the step,
    mean_2
    later_s             : what becomes of it in tau_refrac,
    later_1
    later_2
    v_of_re (mV/nA)     : and what it gives to v
    v_of_je (mV/nA/ms)
    v_of_ri (mV/nA)
    v_of_ji (mV/nA/ms)
    v_of_i0 (mV/nA)
    follow
}

STATE {
    r_e (nA)
    j_e (nA ms)
    r_i (nA)
    j_i (nA ms)
    i_asc_1 (nA)
    i_asc_2 (nA)
    theta_s (mV)
    theta_v (mV)
}

BREAKPOINT {
    LOCAL i, u, end
    if (refractory > 0) {
        refractory = refractory - 1
    } else {
        theta_s = theta_s*of_s
        i = i_offset + i_injected + after_spike_currents*(mean_1*i_asc_1 + mean_2*i_asc_2)
        i_asc_1 = i_asc_1*of_1
        i_asc_2 = i_asc_2*of_2
        u = v - e_l
        v = e_l + u*of_v + i*v_of_i0 + r_e*v_of_re + j_e*v_of_je + r_i*v_of_ri + j_i*v_of_ji
        if (adapting_threshold > 0) {
            end = i/g
            theta_v = follow*(u - end)*of_v + of_th*(theta_v - follow*(u - end) - th_voltage_index/th_voltage_decay*end) + th_voltage_index/th_voltage_decay*end
        }
        if (v > v_thresh + theta_s + theta_v) {
            net_event(t)
            refractory = steps
            if (after_spike_currents > 0) {
                i_asc_1 = asc_amp_1 + i_asc_1*later_1
                i_asc_2 = asc_amp_2 + i_asc_2*later_2
            }
            if (spike_dependent_threshold > 0) {
                v = e_l + voltage_reset_fraction*u + voltage_reset_add
                theta_s = theta_s*later_s + th_spike_add
            } else {
                v = v_reset
            }
        }
    }
    j_e = (j_e + dt*r_e)*of_e
    r_e = r_e*of_e
    j_i = (j_i + dt*r_i)*of_i
    r_i = r_i*of_i
    i_syn_e = j_e*exp(1)/tau_syn_e
    i_syn_i = j_i*exp(1)/tau_syn_i
}

INITIAL {
    v = v_init
    r_e = 0
    j_e = 0
    r_i = 0
    j_i = 0
    i_asc_1 = asc_init_1
    i_asc_2 = asc_init_2
    theta_s = 0
    theta_v = 0
    refractory = 0
    steps = floor(tau_refrac/dt + 0.5)
    of_v = exp(-dt*g/cm)
    of_e = exp(-dt/tau_syn_e)
    of_i = exp(-dt/tau_syn_i)
    of_s = exp(-dt*th_spike_decay)
    of_th = exp(-dt*th_voltage_decay)
    of_1 = exp(-dt*asc_decay_1)
    of_2 = exp(-dt*asc_decay_2)
    mean_1 = mean_of(asc_decay_1)
    mean_2 = mean_of(asc_decay_2)
    later_s = exp(-th_spike_decay*tau_refrac)
    later_1 = asc_r_1*exp(-asc_decay_1*tau_refrac)
    later_2 = asc_r_2*exp(-asc_decay_2*tau_refrac)
    v_of_je = exp(1)/tau_syn_e*of_j(tau_syn_e)
    v_of_ji = exp(1)/tau_syn_i*of_j(tau_syn_i)
    v_of_re = exp(1)/tau_syn_e*of_r(tau_syn_e)
    v_of_ri = exp(1)/tau_syn_i*of_r(tau_syn_i)
    v_of_i0 = (1 - of_v)/g
    follow = th_voltage_index/(th_voltage_decay - g/cm)
}

NET_RECEIVE(w (nA)) {
    if (w >= 0) {
        r_e = r_e + w
    } else {
        r_i = r_i + w
    }
}

: The mean over a step of what decays so fast.
FUNCTION mean_of(decay (/ms)) {
    if (decay*dt < 1e-9) {
        mean_of = 1
    } else {
        mean_of = (1 - exp(-decay*dt))/(decay*dt)
    }
}

: What a current exp(-t/tau) makes of v in a step, and
FUNCTION of_j(tau (ms)) (mV/nA) {
    LOCAL d, mean
    d = dt/tau - dt*g/cm
    if (fabs(d) < 0.02) {
        mean = 1 - d/2*(1 - d/3*(1 - d/4*(1 - d/5*(1 - d/6*(1 - d/7)))))
    } else {
        mean = (1 - exp(-d))/d
    }
    of_j = dt/cm*of_v*mean
}

: a current t exp(-t/tau). Both also for tau = cm/g.
FUNCTION of_r(tau (ms)) (mV ms/nA) {
    LOCAL d, mean
    d = dt/tau - dt*g/cm
    if (fabs(d) < 0.02) {
        mean = 1/2 - d/3*(1 - d*3/8*(1 - d*4/15*(1 - d*5/24*(1 - d*6/35*(1 - d*7/48)))))
    } else {
        mean = (1 - (1 + d)*exp(-d))/(d*d)
    }
    of_r = dt*dt/cm*of_v*mean
}
