-- Nobody reviews their own photo: a member of staff may be linked to the person they are. Shard key: staff_id.
--
-- A keyed hash of its own kind of the identity number, of no use without the deployment's secret, and equal to nothing else
-- here: whoever reads the table learns neither the number nor which driver it is.

ALTER TABLE staff
    ADD COLUMN person_link bytea CHECK (octet_length(person_link) = 16);
