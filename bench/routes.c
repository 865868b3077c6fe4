/*
 * usage: routes IFINDEX GATEWAY COUNT
 *
 * The bare loop that route insertion is measured against: COUNT RTM_NEWROUTE requests for 10.0.0.0/32 and up,
 * via GATEWAY on link IFINDEX, 256 to a sendmsg(2) with one acknowledgement each. It reads no file, asks the
 * kernel nothing, and stops at the first error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 256 };

struct request {
	struct nlmsghdr header;
	struct rtmsg route;
	struct rtattr dst_header;
	uint32_t dst;
	struct rtattr gateway_header;
	uint32_t gateway;
	struct rtattr oif_header;
	uint32_t oif;
};

static void fail(const char *what, int error)
{
	fprintf(stderr, "routes: %s: %s\n", what, strerror(error));
	exit(1);
}

/* Reads one datagram; fails on anything but a good acknowledgement. */
static void acknowledged(int fd)
{
	_Alignas(struct nlmsghdr) char reply[32768];
	ssize_t length = recv(fd, reply, sizeof reply, 0);
	if (length < 0)
		fail("recv", errno);
	const struct nlmsghdr *header = (const struct nlmsghdr *)reply;
	if (!NLMSG_OK(header, length) || header->nlmsg_type != NLMSG_ERROR)
		fail("recv", EPROTO);
	const struct nlmsgerr *error = NLMSG_DATA(header);
	if (error->error)
		fail("RTM_NEWROUTE", -error->error);
}

int main(int argc, char **argv)
{
	static struct request batch[CHUNK];
	uint32_t gateway;
	if (argc != 4 || inet_pton(AF_INET, argv[2], &gateway) != 1) {
		fprintf(stderr, "usage: routes IFINDEX GATEWAY COUNT\n");
		return 2;
	}
	uint32_t oif = strtoul(argv[1], NULL, 10), count = strtoul(argv[3], NULL, 10);

	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		fail("socket", errno);
	for (uint32_t sent = 0; sent < count;) {
		uint32_t n = count - sent < CHUNK ? count - sent : CHUNK;
		for (uint32_t i = 0; i < n; i++, sent++)
			batch[i] = (struct request){
				.header = {
					.nlmsg_len = sizeof batch[i],
					.nlmsg_type = RTM_NEWROUTE,
					.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | (i + 1 == n ? NLM_F_ACK : 0),
					.nlmsg_seq = sent + 1,
				},
				.route = {
					.rtm_family = AF_INET,
					.rtm_dst_len = 32,
					.rtm_table = RT_TABLE_MAIN,
					.rtm_protocol = RTPROT_BOOT,
					.rtm_scope = RT_SCOPE_UNIVERSE,
					.rtm_type = RTN_UNICAST,
				},
				.dst_header = { sizeof(struct rtattr) + 4, RTA_DST },
				.dst = htonl(0x0a000000 + sent),
				.gateway_header = { sizeof(struct rtattr) + 4, RTA_GATEWAY },
				.gateway = gateway,
				.oif_header = { sizeof(struct rtattr) + 4, RTA_OIF },
				.oif = oif,
			};
		struct iovec octets = { batch, n * sizeof batch[0] };
		struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
		struct msghdr message = {
			.msg_name = &kernel, .msg_namelen = sizeof kernel, .msg_iov = &octets, .msg_iovlen = 1,
		};
		if (sendmsg(fd, &message, 0) < 0)
			fail("sendmsg", errno);
		acknowledged(fd);
	}
	return 0;
}
