"""The controller of a Bluetooth stack in the lab: bumble's, as a kernel expects it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bumble import controller, hci, ll

if TYPE_CHECKING:
    from tests.vm.air import Ether

_Report = hci.HCI_LE_Advertising_Report_Event


@dataclass
class _Advertised(ll.AdvInd):
    """What a scanner hears, with what it would be answered."""

    scan_response: bytes = b""


class Radio(controller.Controller):
    """A controller that behaves as a kernel expects where bumble's own takes a short cut."""

    link: Ether

    # Eight packets of the greatest length that LE has (Bluetooth Core 5.4, 6.B.4.5.10).
    le_acl_data_packet_length = 251
    total_num_le_acl_data_packets = 8
    supported_max_tx_octets = supported_max_rx_octets = suggested_max_tx_octets = 251
    le_features = (
        hci.LeFeatureMask.LE_ENCRYPTION
        | hci.LeFeatureMask.CONNECTION_PARAMETERS_REQUEST_PROCEDURE
        | hci.LeFeatureMask.EXTENDED_REJECT_INDICATION
        | hci.LeFeatureMask.PERIPHERAL_INITIATED_FEATURE_EXCHANGE
        | hci.LeFeatureMask.LE_DATA_PACKET_LENGTH_EXTENSION
    )
    # bumble lists some commands that it does not answer, and a kernel waits for each.
    supported_commands: ClassVar[set[int]] = {
        code
        for code in controller.Controller.supported_commands
        if hasattr(controller.Controller, f"on_{hci.HCI_Command.command_name(code).lower()}")
    }

    def on_hci_command(self, command: hci.HCI_Command) -> hci.HCI_StatusReturnParameters | None:
        """Refuse a command that is not known, in the way that its kind is answered."""
        if isinstance(command, hci.HCI_SyncCommand):
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.UNKNOWN_HCI_COMMAND_ERROR)
        self._send_hci_command_status(hci.HCI_ErrorCode.UNKNOWN_HCI_COMMAND_ERROR, command.op_code)
        return None

    def on_hci_reset_command(self, command: hci.HCI_Reset_Command) -> hci.HCI_StatusReturnParameters:
        """Fall silent; whoever is linked hears nothing more."""
        self.fall_silent()
        return super().on_hci_reset_command(command)

    def fall_silent(self) -> None:
        """Stop all that is on the air."""
        self.le_legacy_advertiser.stop()
        self.le_scan_enable = False
        self.pending_le_connection = None
        self.link.forsake(self)
        self.le_connections.clear()

    def on_hci_le_create_connection_cancel_command(
        self, command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Say that the connection was not made, which the specification wants too (4.E.7.8.13)."""
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        event = hci.HCI_LE_Connection_Complete_Event(
            status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
            connection_handle=0,
            role=hci.Role.CENTRAL,
            peer_address_type=pending.peer_address_type,
            peer_address=pending.peer_address,
            connection_interval=0,
            peripheral_latency=0,
            supervision_timeout=0,
            central_clock_accuracy=0,
        )
        # After the answer to the command.
        asyncio.get_running_loop().call_soon(self.send_hci_packet, event)
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def on_hci_le_set_advertising_parameters_command(
        self, command: hci.HCI_LE_Set_Advertising_Parameters_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Advertise as often as is asked for; the unit is 0.625 ms (4.E.7.8.5)."""
        answer = super().on_hci_le_set_advertising_parameters_command(command)
        self.le_legacy_advertiser.advertising_interval_min = command.advertising_interval_min * 0.625  # type: ignore[assignment]
        return answer

    def on_hci_acl_data_packet(self, packet: hci.HCI_AclDataPacket) -> None:
        """Hand a packet to the air; the host is told that it is delivered when it is."""
        connection = self.find_le_connection_by_handle(packet.connection_handle)
        if connection is not None:
            self.link.carry(connection, packet)

    def send_advertising_pdu(self, packet: ll.AdvertisingPdu) -> None:
        """Send the scan response along."""
        if isinstance(packet, ll.AdvInd):
            response = self.le_legacy_advertiser.scan_response_data
            packet = _Advertised(packet.advertiser_address, packet.data, response)
        super().send_advertising_pdu(packet)

    def on_advertising_pdu(self, pdu: _Advertised) -> None:  # type: ignore[override]
        """Report what is heard; connect where that was waited for."""
        if self.le_scan_enable:
            self._report(pdu, _Report.EventType.ADV_IND, pdu.data)
            if self.le_scan_type == hci.HCI_LE_Set_Scan_Parameters_Command.ACTIVE_SCANNING:
                self._report(pdu, _Report.EventType.SCAN_RSP, pdu.scan_response)
        pending = self.pending_le_connection
        if pending is not None and pending.peer_address == pdu.advertiser_address:
            self.create_le_connection(pdu.advertiser_address)

    def _report(self, pdu: _Advertised, kind: int, data: bytes) -> None:
        address = pdu.advertiser_address
        report = _Report.Report(kind, address.address_type, address, data, -50)
        self.send_hci_packet(_Report([report]))
