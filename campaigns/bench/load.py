"""How much load: it runs on the machine that serves, as the figures we compare with did."""

PROCESSES, THREADS = 2, 4
