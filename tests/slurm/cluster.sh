#!/usr/bin/env bash
# A Slurm of this machine's own, for tests: two nodes that are one machine, without systemd, cgroups or accounting.
#
#     cluster.sh start FOLDER     prints SLURM_CONF=...; everything it makes lies in the folder, which must be short
#     cluster.sh stop FOLDER      ends its jobs and its daemons
#
# It takes root, and Debian's slurm-wlm and munge. Jobs that get SIGTERM are killed five seconds later.
set -euo pipefail

COMMAND=${1:?start or stop}
FOLDER=$(realpath -m "${2:?a folder}")
export PATH=$PATH:/usr/sbin SLURM_CONF=$FOLDER/slurm.conf
NODES=2

# Names a daemon by its pid file, and nobody else who has the number now.
pid_of() {
    local pid
    pid=$(cat "$FOLDER/$1.pid" 2>/dev/null) || return 1
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "${1%-*}" ] && echo "$pid"
}

stop() {
    [ -f "$SLURM_CONF" ] && timeout 5 scancel --user="$(id -un)" 2>/dev/null || true
    local daemon pid
    for daemon in slurmd-1 slurmd-2 slurmctld munged; do
        pid=$(pid_of "$daemon") || continue
        kill "$pid"
        for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
        kill -9 "$pid" 2>/dev/null || true
    done
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])'
}

configure() {
    local host port node
    host=$(hostname -s)
    port=$(free_port)
    cat > "$SLURM_CONF" <<CONF
ClusterName=tianyan
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$FOLDER/munge.socket
CredType=cred/munge
StateSaveLocation=$FOLDER/state
SlurmdSpoolDir=$FOLDER/spool-%n
SlurmctldPidFile=$FOLDER/slurmctld.pid
SlurmdPidFile=$FOLDER/slurmd-%n.pid
SlurmctldLogFile=$FOLDER/slurmctld.log
SlurmdLogFile=$FOLDER/slurmd-%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
ReturnToService=2
KillWait=5
# Each node its own: PMIx of both would meet in one.
TmpFS=$FOLDER/tmp-%n
CONF
    for node in $(seq "$NODES"); do
        mkdir -p "$FOLDER/spool-$node" "$FOLDER/tmp-$node"
        echo "NodeName=$node NodeHostname=$host NodeAddr=127.0.0.1 Port=$(free_port) CPUs=2 RealMemory=4000" >> "$SLURM_CONF"
    done
    echo "PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO" >> "$SLURM_CONF"
}

start() {
    stop
    rm -rf "$FOLDER"
    mkdir -p "$FOLDER/state" "$FOLDER/munge"
    chmod 700 "$FOLDER/munge"
    chmod 755 "$FOLDER"
    getent hosts "$(hostname -s)" > /dev/null || echo "127.0.0.1 $(hostname -s)" >> /etc/hosts
    head -c 1024 /dev/urandom > "$FOLDER/munge/key"
    chmod 400 "$FOLDER/munge/key"
    munged --force --key-file="$FOLDER/munge/key" --socket="$FOLDER/munge.socket" --pid-file="$FOLDER/munged.pid" \
        --log-file="$FOLDER/munge/log" --seed-file="$FOLDER/munge/seed" 2> "$FOLDER/munge/errors"
    configure
    slurmctld > "$FOLDER/slurmctld.out" 2>&1
    local node
    for node in $(seq "$NODES"); do slurmd -N "$node" > "$FOLDER/slurmd-$node.out" 2>&1; done
    for _ in $(seq 150); do
        if [ "$(timeout 5 sinfo -h -N -o %T 2>/dev/null | grep -c -x idle)" = "$NODES" ]; then
            echo "SLURM_CONF=$SLURM_CONF"
            return
        fi
        sleep 0.2
    done
    echo "Slurm does not start; its last words:" >&2
    tail -n 5 "$FOLDER"/*.log >&2
    exit 1
}

"$COMMAND"
