# Ends with 0 while this member is the primary, or a secondary that follows: asks it what it is (hello), and needs no login for that.
#
# MongoDB's own shell would take a second of a processor and some 150 MiB of this container's memory each time. The question is one
# message of the wire protocol (OP_MSG), the answer is looked through for two fields that are true. Needs bash, and openssl for TLS.
set -eu

question='\064\0\0\0\001\0\0\0\0\0\0\0\335\007\0\0\0\0\0\0\0\037\0\0\0\020hello\0\001\0\0\0\002$db\0\006\0\0\0admin\0\0'

# The way is closed two seconds after the question, with or without an answer.
ask() { printf "$question"; sleep 2; }

if [ -e "$RUN/server.pem" ]; then
	answer=$(ask | timeout 6 openssl s_client -quiet -no_ign_eof -connect "127.0.0.1:$PORT" -servername localhost -CAfile "$TLS/ca.crt" \
		-verify_return_error 2>/dev/null | od -An -v -tx1 | tr -d ' \n') || true
else
	exec 3<>"/dev/tcp/127.0.0.1/$PORT"
	printf "$question" >&3
	answer=$(timeout 2 cat <&3 | od -An -v -tx1 | tr -d ' \n') || true
fi

# true of hello's answer: a boolean field (08) of that name, ended by a zero, with the value 1.
says() { case $answer in *"08$(printf %s "$1" | od -An -v -tx1 | tr -d ' \n')0001"*) ;; *) return 1 ;; esac }

says isWritablePrimary || says secondary || {
	echo "the member is neither the primary nor a secondary that follows"
	exit 1
}
