/* SPDX-License-Identifier: MIT */
#include <mpi.h>

#include "ledger.h"

int main(int argc, char **argv)
{
	MPI_Init(&argc, &argv);
	work(7012);
	MPI_Barrier(MPI_COMM_WORLD);
	MPI_Finalize();
	return 0;
}
